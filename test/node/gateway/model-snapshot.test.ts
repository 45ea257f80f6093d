import assert from 'node:assert/strict';
import fc from 'fast-check';
import { modelSnapshot, readSnapshot } from '../../../src/node/gateway/model-snapshot.ts';
import { modelSchema } from '../../../src/node/gateway/status.ts';
import { agreementOf, parseManifest } from '../../../src/node/manifest.ts';

const manifest = parseManifest(
  `rumormill: 1
name: pumps
sensors: [{ name: pressure }, { name: flow }]
sampling: { intervalMs: 1000 }
window: { length: 1, stride: 1 }
features: raw
model: { hidden: [3] }
`,
  'federation.yaml',
);
const { weights } = agreementOf(manifest);

describe('modelSnapshot()', () => {
  it('gives the same model back through JSON, to the bit', () => {
    const float = fc.float({ noNaN: true, noDefaultInfinity: true });
    const deviation = fc.oneof(
      fc.double({ min: 1e-300, max: 1e300, noNaN: true }),
      fc.constant(Number.POSITIVE_INFINITY),
    );
    fc.assert(
      fc.property(
        fc.array(float, { minLength: weights.length, maxLength: weights.length }),
        fc.tuple(deviation, deviation),
        fc.option(fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }), { nil: undefined }),
        fc.nat(),
        (values, deviations, threshold, round) => {
          const model = {
            canonical: manifest.canonical,
            round,
            weights: Float32Array.from(values),
            scale: { mean: Float64Array.of(0.1, -7), deviation: Float64Array.from(deviations) },
            threshold,
          };
          const text = JSON.stringify(modelSnapshot(model));
          const read = readSnapshot(modelSchema.parse(JSON.parse(text)));
          assert.deepEqual(
            { round: read.round, weights: read.weights, scale: read.scale, threshold: read.threshold },
            // JSON has no negative zero in a number; base64 has.
            {
              round,
              weights: model.weights,
              scale: model.scale,
              threshold: threshold === undefined ? undefined : threshold + 0,
            },
          );
          assert.equal(read.manifest.canonical, manifest.canonical);
        },
      ),
    );
  });

  it('is refused where weights or scale do not fit the manifest', () => {
    const snapshot = modelSnapshot({
      canonical: manifest.canonical,
      round: 1,
      weights,
      scale: { mean: Float64Array.of(0, 0), deviation: Float64Array.of(1, 1) },
      threshold: 1,
    });
    const wrong = [
      { ...snapshot, weights: snapshot.weights.slice(8) },
      { ...snapshot, scale: { ...snapshot.scale, mean: [0] } },
      { ...snapshot, scale: { ...snapshot.scale, deviation: [1, 1, 1] } },
    ];
    for (const each of wrong) assert.throws(() => readSnapshot(each), { name: 'OperatorError' });
  });
});

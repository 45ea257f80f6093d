// A gateway's model as text and back: all that another process on the same machine needs to score with it.
import { OperatorError } from '../../lib/errors.ts';
import type { Scale } from '../../model/scaler.ts';
import { weightCount } from '../../model/weights.ts';
import { agreementOf, type Manifest, type ManifestAgreement, parseManifest } from '../manifest.ts';
import type { ModelSnapshot } from './status.ts';

/** A model with what it was trained for. */
export interface Model {
  manifest: Manifest;
  agreement: ManifestAgreement;
  round: number;
  weights: Float32Array;
  scale: Scale;
  /** Undefined until there are windows held out. */
  threshold: number | undefined;
}

/** As text that fits JSON. */
export function modelSnapshot(model: Omit<Model, 'manifest' | 'agreement'> & { canonical: string }): ModelSnapshot {
  const { canonical, round, weights, scale, threshold } = model;
  const bytes = Buffer.alloc(4 * weights.length);
  for (let i = 0; i < weights.length; i++) bytes.writeFloatLE(weights[i] as number, 4 * i);
  return {
    manifest: canonical,
    round,
    weights: bytes.toString('base64'),
    scale: {
      mean: [...scale.mean],
      deviation: [...scale.deviation].map((deviation) => (Number.isFinite(deviation) ? deviation : null)),
    },
    threshold: threshold ?? null,
  };
}

/** The model again. Throws OperatorError where its parts do not fit each other, as from another release. */
export function readSnapshot({ manifest: text, round, weights: base64, scale, threshold }: ModelSnapshot): Model {
  const manifest = parseManifest(text, "the gateway's manifest");
  const agreement = agreementOf(manifest);
  const { features } = agreement.spec;
  const bytes = Buffer.from(base64, 'base64');
  const fits = bytes.length === 4 * weightCount(agreement.spec) && scale.mean.length === features;
  if (!fits || scale.deviation.length !== features) {
    throw new OperatorError("the gateway's model does not fit its manifest; use the rumormill that it runs on");
  }
  return {
    manifest,
    agreement,
    round,
    weights: Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i)),
    scale: {
      mean: Float64Array.from(scale.mean),
      deviation: Float64Array.from(scale.deviation, (deviation) => deviation ?? Number.POSITIVE_INFINITY),
    },
    threshold: threshold ?? undefined,
  };
}

import assert from 'node:assert/strict';
import { fleetNodes, fleetNodesMax, sampledRecord, sampleNote } from '../../src/scenario/fleet-sample.ts';
import type { MetricsEvent } from '../../src/scenario/results.ts';

const names = (count: number) => Array.from({ length: count }, (_, i) => `n${i}`);

function passed(nodes: readonly string[], events: readonly MetricsEvent[]): MetricsEvent[] {
  const taken: MetricsEvent[] = [];
  const record = sampledRecord(nodes, (event) => taken.push(event));
  for (const event of events) record(event);
  return taken;
}

function rejected(node: string): MetricsEvent {
  return { event: 'rejected', seed: 1, node, code: 'stale', count: 1 };
}

describe('fleetNodes()', () => {
  it('fleetNodes() takes all up to 128, and above that 128 at equal distances', () => {
    assert.deepEqual(fleetNodes(names(128)), names(128));
    const some = fleetNodes(names(1280));
    assert.deepEqual(
      some,
      Array.from({ length: 128 }, (_, i) => `n${10 * i}`),
    );
    assert.equal(new Set(fleetNodes(names(129))).size, 128);
  });
});

describe('sampledRecord()', () => {
  const evaluation = (device: string): MetricsEvent => ({
    event: 'evaluation',
    seed: 1,
    method: 'gossip',
    set: 'own',
    device,
    auroc: 1,
    auprc: 1,
    f1: 1,
    fpr: 0,
    recall: 1,
  });
  const ofAll: MetricsEvent = { event: 'consensus', seed: 1, round: 1, distance: 2 };
  const ofAllTogether: MetricsEvent = { ...rejected('all') };

  it('sampledRecord() leaves out lines of nodes that are not in the sample, and no others', () => {
    const kept = fleetNodes(names(200));
    const events = [...names(200).flatMap((name) => [rejected(name), evaluation(name)]), ofAll, ofAllTogether];
    assert.deepEqual(passed(names(200), events), [
      ...kept.flatMap((name) => [rejected(name), evaluation(name)]),
      ofAll,
      ofAllTogether,
    ]);
  });

  it('sampledRecord() passes on every line of a small fleet', () => {
    const events = names(fleetNodesMax).map(rejected);
    assert.deepEqual(passed(names(fleetNodesMax), events), events);
  });
});

describe('sampleNote()', () => {
  it('sampleNote() says what is of a sample, where there is one', () => {
    assert.equal(sampleNote(128), undefined);
    assert.match(
      sampleNote(129) ?? '',
      /^129 nodes: .* are of 128 evenly spaced nodes; all other figures count every node\.$/,
    );
  });
});

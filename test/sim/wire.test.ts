import assert from 'node:assert/strict';
import { runFleet, toyNode } from '../support/toy-fleet.ts';

const fleet = () => [toyNode(0), toyNode(1), toyNode(2)];
const rejectedBy = ({ traffic }: Awaited<ReturnType<typeof runFleet>>) => traffic.map(({ rejected }) => rejected);

describe('simulate() with messages as bytes', () => {
  it('is the same as with objects where the wire is good', async () => {
    const network = { latency: { distribution: 'uniform', lowMs: 1, highMs: 30 }, loss: 0.1 } as const;
    for (const changes of [{}, { exchange: 'pull' }, { encoding: 'int8' }] as const) {
      const nodes = () => fleet().map(({ settings, ...node }) => ({ ...node, settings: { ...settings, ...changes } }));
      const objects = await runFleet(nodes(), { network });
      const bytes = await runFleet(nodes(), { network, wire: { corruption: 0, strays: 0 } });
      assert.equal(bytes.traceHash, objects.traceHash);
      assert.deepEqual(bytes.events, objects.events);
    }
  });

  it('counts what was corrupted by what is wrong with it, and goes on', async () => {
    const run = await runFleet(fleet(), { wire: { corruption: 0.5, strays: 0 } });
    assert.equal(run.rounds.length, 30);
    const codes = new Set(rejectedBy(run).flatMap((rejected) => [...rejected.keys()]));
    for (const code of ['malformed', 'truncated', 'wrong-federation', 'wrong-digest']) assert.ok(codes.has(code), code);
    assert.ok(run.rounds.some(({ mixed }) => mixed.length === 2));
  });

  it('refuses every message of another federation', async () => {
    const run = await runFleet(fleet(), { wire: { corruption: 0, strays: 1 } });
    for (const rejected of rejectedBy(run)) {
      // A stray beside each update and each answer to the pulls of joining.
      assert.deepEqual([...rejected.keys()], ['wrong-federation']);
      assert.ok((rejected.get('wrong-federation') ?? 0) > 10);
    }
    assert.ok(run.rounds.every(({ mixed }) => mixed.every(({ peer }) => /^n\d$/.test(peer))));
  });

  it('leaves a pull without an answer where its request was corrupted, and the node that joins goes on', async () => {
    const nodes = () => [0, 1, 2].map((i) => toyNode(i, { exchange: 'pull', settleMs: 50 }));
    const run = await runFleet(nodes(), { wire: { corruption: 1, strays: 0 } });
    assert.equal(run.rounds.length, 30);
    for (const rejected of rejectedBy(run)) assert.ok(rejected.size > 1);
  });
});

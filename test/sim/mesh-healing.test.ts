import assert from 'node:assert/strict';
import { Prng } from '../../src/lib/prng.ts';
import { meshNeighbours } from '../../src/sim/mesh.ts';
import { faultPlan, runFleet, toyFleet } from '../support/toy-fleet.ts';

describe('simulate() of a mesh that heals itself', () => {
  const count = 40;
  const degree = 6;
  const neighbours = meshNeighbours(count, degree, new Prng(1));

  /** Peers whose updates each node mixed in the last 60 ms. */
  async function meshAfter(section: object, roundsMax: number) {
    const faults = faultPlan(section, count);
    const result = await runFleet(toyFleet(count, { roundsMax }), { neighbours, meshDegree: degree, faults });
    const recent = new Map<number, Set<string>>();
    for (const { node, atMs, mixed } of result.rounds) {
      if (atMs < result.endedAtMs - 60) continue;
      for (const { peer } of mixed) recent.set(node, (recent.get(node) ?? new Set()).add(peer));
    }
    return { result, recent };
  }

  it('brings degrees back within the bounds after a quarter crashed, at heartbeats', async () => {
    const { result, recent } = await meshAfter({ timeline: [{ atMs: 300, action: 'crash', share: 0.25 }] }, 150);
    assert.equal(recent.size, 30);
    for (const peers of recent.values()) {
      assert.ok(peers.size >= 4 && peers.size <= 12, `${peers.size}`);
      for (const peer of peers) assert.ok(!result.gone.includes(Number(peer.slice(1))));
    }
    // Before the first heartbeat some had lost too many.
    const between = result.rounds.filter(({ atMs }) => atMs > 500 && atMs < 1000);
    assert.ok(between.some(({ mixed }) => mixed.length < 4));
  });

  it('leaves a fleet without faults as it is', async () => {
    const plain = await runFleet(toyFleet(count), { neighbours });
    const mesh = await runFleet(toyFleet(count), { neighbours, meshDegree: degree });
    assert.equal(mesh.traceHash, plain.traceHash);
  });

  it('takes a restarted node in again', async () => {
    const timeline = [
      { atMs: 300, action: 'crash', nodes: [7] },
      { atMs: 800, action: 'restart' },
    ];
    const { result } = await meshAfter({ timeline }, 150);
    const after = result.rounds.filter(({ node, atMs }) => node === 7 && atMs > 830 && atMs < 1400);
    assert.ok(after.length > 50 && after.every(({ mixed }) => mixed.length >= 4));
    const heard = result.rounds.filter(({ atMs, mixed }) => atMs > 830 && mixed.some(({ peer }) => peer === 'n7'));
    assert.ok(new Set(heard.map(({ node }) => node)).size >= 4);
  });

  it('is whole again after a partition', async () => {
    const timeline = [
      { atMs: 100, action: 'partition', parts: 2 },
      { atMs: 2500, action: 'heal' },
    ];
    const { result, recent } = await meshAfter({ timeline }, 400);
    const parts = faultPlan({ timeline }, count).events.flatMap((event) =>
      event.kind === 'partition' ? [event.parts] : [],
    )[0];
    assert.ok(parts);
    const crosses = (node: number, peer: string) => parts[node] !== parts[Number(peer.slice(1))];
    const apart = result.rounds.filter(({ atMs }) => atMs > 200 && atMs < 2500);
    assert.ok(apart.every(({ node, mixed }) => mixed.every(({ peer }) => !crosses(node, peer))));
    assert.ok([...recent].filter(([node, peers]) => [...peers].some((peer) => crosses(node, peer))).length > 30);
    assert.ok(Math.max(...[...recent.values()].map(({ size }) => size)) <= 12);
  });
});

import assert from 'node:assert/strict';
import { GossipCore } from '../../../src/gossip/core.ts';
import { linksMax, type PushSum } from '../../../src/gossip/push-sum.ts';
import { Prng } from '../../../src/lib/prng.ts';
import { InvariantViolated } from '../../../src/sim/checkers/checker.ts';
import { linksOf } from '../../../src/sim/neighbourhood.ts';
import type { NetworkSettings } from '../../../src/sim/network.ts';
import type { SimulationOptions } from '../../../src/sim/simulation.ts';
import { createTopology } from '../../../src/sim/topology.ts';
import { faultPlan, runFleet, toyFleet } from '../../support/toy-fleet.ts';

const bad: Partial<NetworkSettings> = {
  latency: { distribution: 'uniform', lowMs: 1, highMs: 40 },
  loss: 0.3,
  duplication: 0.3,
};
const fleet = () => toyFleet(6, { mixing: 'push-sum', originsExpected: 0, roundsMax: 30 });

/** Cores whose push-sum has `change` done to it before its first input. */
function broken(change: (mixer: PushSum) => void): NonNullable<SimulationOptions['createCore']> {
  return (settings, prng) => {
    const core = new GossipCore(settings, prng);
    const handle = core.handle.bind(core);
    core.handle = (input, nowMs) => {
      const effects = handle(input, nowMs);
      if (input.kind === 'started') change(Reflect.get(core, 'mixer') as PushSum);
      return effects;
    };
    return core;
  };
}

describe('the checker of mass', () => {
  it('lets push-sum pass over a network that loses, doubles and reorders', async () => {
    const { rounds } = await runFleet(fleet(), { network: bad });
    assert.equal(rounds.length, 180);
  });

  it('lets push-sum pass through crashes, restarts, a partition and a late node', async () => {
    const faults = faultPlan(
      {
        timeline: [
          { atMs: 5, action: 'crash', nodes: [4] },
          { atMs: 15, action: 'restart', nodes: [4] },
          { atMs: 80, action: 'crash', nodes: [1] },
          { atMs: 90, action: 'restart', nodes: [1] },
          {
            atMs: 120,
            action: 'partition',
            groups: [
              [0, 1, 2],
              [3, 4, 5],
            ],
          },
          { atMs: 170, action: 'heal' },
          { atMs: 60, action: 'join', nodes: [5] },
          { atMs: 200, action: 'crash', nodes: [0] },
        ],
      },
      6,
    );
    const { rounds } = await runFleet(fleet(), { network: bad, faults });
    assert.ok(rounds.length > 150);
  });

  it('lets push-sum pass where a node crashes again before it has mixed anything', async () => {
    const faults = faultPlan(
      {
        timeline: [400, 430].flatMap((atMs) => [
          { atMs, action: 'crash', nodes: [1] },
          { atMs: atMs + 10, action: 'restart', nodes: [1] },
        ]),
      },
      6,
    );
    const { rounds } = await runFleet(toyFleet(6, { mixing: 'push-sum', originsExpected: 0, roundsMax: 60 }), {
      faults,
    });
    assert.equal(rounds.length, 360);
  });

  it('lets push-sum pass where nodes meet more peers than they remember', async () => {
    const nodes = linksMax + 30;
    const topology = createTopology({ kind: 'regular', degree: 4, redrawn: true }, nodes, new Prng(1));
    const settings = { mixing: 'push-sum', originsExpected: 0, roundsMax: 40 } as const;
    const { rounds } = await runFleet(toyFleet(nodes, settings), linksOf(topology));
    assert.equal(rounds.length, 40 * nodes);
  });

  it('finds a node that takes the same sums in twice', async () => {
    const createCore = broken((mixer) => {
      const mix = mixer.mix.bind(mixer);
      mixer.mix = (own, received) => {
        mix(own, received);
        // As if it had not noted what it has taken in.
        for (const { peer } of received) (Reflect.get(mixer, 'heard') as Map<string, unknown>).delete(peer);
        return mix(own, received);
      };
    });
    await assert.rejects(
      runFleet(fleet(), { network: bad, createCore }),
      (error) => error instanceof InvariantViolated && error.checker === 'mass' && /mass of/.test(error.message),
    );
  });

  it('finds a node that sends its shares and not the sum of all, which a lost message takes along', async () => {
    const createCore = broken((mixer) => {
      const send = mixer.send.bind(mixer);
      mixer.send = (weights, peers) => {
        (Reflect.get(mixer, 'sent') as Map<string, unknown>).clear();
        return send(weights, peers);
      };
    });
    await assert.rejects(
      runFleet(fleet(), { network: bad, createCore }),
      (error) => error instanceof InvariantViolated && error.checker === 'mass',
    );
  });
});

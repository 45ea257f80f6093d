// A node whose training rows change while it runs.
import assert from 'node:assert/strict';
import { CoreNetwork, momentsAt } from '../support/core-network.ts';
import { published, trainingNode } from './core-fixture.ts';

describe('GossipCore whose data change', () => {
  /** Two nodes that know each other's moments, 1 and 3. */
  function pair(): CoreNetwork {
    const network = new CoreNetwork({
      features: 1,
      settings: { originsExpected: 2, roundsMax: 40, roundIntervalMs: 10 },
    });
    network.add('a', { moments: momentsAt(1), weights: [1, 1] });
    network.add('b', { moments: momentsAt(3), weights: [1, 1] });
    network.start('a');
    network.start('b');
    network.link('a', 'b');
    return network;
  }

  function scalers(network: CoreNetwork, node: string): number[] {
    return network
      .effects(node)
      .flatMap((effect) => (effect.kind === 'rescale' ? [effect.moments.mean[0] as number] : []));
  }

  it('tells its neighbours, and all come to the scaler of the new moments', () => {
    const network = pair();
    network.run(100);
    assert.deepEqual([scalers(network, 'a').at(-1), scalers(network, 'b').at(-1)], [2, 2]);
    network.feed('a', { kind: 'dataChanged', samples: 30, moments: momentsAt(9) });
    network.run();
    assert.deepEqual([scalers(network, 'a').at(-1), scalers(network, 'b').at(-1)], [6, 6]);
    const last = network.events('b').findLast((event) => event.type === 'round' && event.available > 0);
    assert.ok(last?.type === 'round' && last.mixed.length === 1, 'the pair mixes again in the new scaler');
  });

  it('offers its next update with the new number of samples', () => {
    const network = trainingNode({ roundsMax: 3, scaler: undefined, roundIntervalMs: 10 });
    const before = published(network).length;
    network.feed('a', { kind: 'dataChanged', samples: 77 });
    network.run();
    const after = published(network).slice(before);
    assert.ok(after.length > 0);
    assert.deepEqual(
      after.map(({ samples }) => samples),
      after.map(() => 77),
    );
  });

  it('asserts that it has started, and that moments go with a shared scaler', () => {
    const network = pair();
    assert.throws(() => network.feed('a', { kind: 'dataChanged', samples: 30 }), /moments go with a shared scaler/);
    network.add('c');
    assert.throws(() => network.core('c').handle({ kind: 'dataChanged', samples: 1 }, 0), /before the start/);
  });
});

import assert from 'node:assert/strict';
import type { Effect } from '../../../src/gossip/protocol.ts';
import { finiteWeights } from '../../../src/sim/checkers/finite-weights.ts';
import { membersOnly } from '../../../src/sim/checkers/members-only.ts';
import { mixedOnce } from '../../../src/sim/checkers/mixed-once.ts';
import { stalenessBound } from '../../../src/sim/checkers/staleness-bound.ts';
import { updateOf } from '../../support/core-network.ts';
import { checkerOf, roundOf, violates } from './fleet-fixture.ts';

const started = { kind: 'started', weights: new Float32Array(3), samples: 1 } as const;

describe('mixedOnce', () => {
  it('finds a round that is mixed a second time, also rounds later', () => {
    const checker = checkerOf(mixedOnce);
    checker.onEffect(0, roundOf([{ peer: 'n1', round: 1 }]), 5);
    checker.onEffect(0, roundOf([{ peer: 'n1', round: 2 }]), 6);
    assert.throws(
      () => checker.onEffect(0, roundOf([{ peer: 'n1', round: 1 }]), 7),
      violates('mixed-once', 'n0', /at 7 ms n0 mixed round 1 of n1 a second time/),
    );
  });

  it('lets every node mix an update, and rounds come late', () => {
    const checker = checkerOf(mixedOnce);
    checker.onEffect(0, roundOf([{ peer: 'n1', round: 2 }]), 5);
    checker.onEffect(0, roundOf([{ peer: 'n1', round: 1 }]), 6);
    checker.onEffect(1, roundOf([{ peer: 'n0', round: 2 }]), 6);
  });

  it('begins anew when the sender or the receiver starts again', () => {
    for (const restarted of [0, 1]) {
      const checker = checkerOf(mixedOnce);
      for (const node of [0, 1]) checker.onInput(node, started, 0);
      checker.onEffect(0, roundOf([{ peer: 'n1', round: 2 }]), 5);
      checker.onInput(restarted, started, 6);
      checker.onEffect(0, roundOf([{ peer: 'n1', round: 2 }]), 7);
    }
  });
});

describe('membersOnly', () => {
  it('finds an update of a stranger and of the node itself', () => {
    const checker = checkerOf(membersOnly);
    checker.onEffect(0, roundOf([{ peer: 'n1', round: 1 }]), 1);
    for (const [peer, text] of [
      ['a stranger', /no member/],
      ['n0', /itself/],
    ] as const) {
      assert.throws(() => checker.onEffect(0, roundOf([{ peer, round: 1 }]), 2), violates('members-only', 'n0', text));
    }
  });
});

describe('stalenessBound', () => {
  const offered = (round: number): Effect => ({ kind: 'publish', message: updateOf(round, [0, 0]) });
  const mixes = (own: number, mixed: Parameters<typeof roundOf>[0], rounds: 'barrier-free' | 'synchronous') => {
    const checker = checkerOf(stalenessBound, { rounds, stalenessMaxRounds: 2, aheadMaxRounds: 10 });
    checker.onEffect(0, offered(own), 1);
    checker.onEffect(0, roundOf(mixed), 2);
  };

  it('lets ages count from the own round or from an earlier one', () => {
    mixes(5, [{ peer: 'n1', round: 3, stalenessRounds: 2 }], 'barrier-free');
    const both = [
      { peer: 'n1', round: 2, stalenessRounds: 1 },
      { peer: 'n2', round: 3 },
    ];
    mixes(9, both, 'barrier-free');
    mixes(9, [{ peer: 'n1', round: 19 }], 'barrier-free');
    mixes(4, [{ peer: 'n1', round: 4 }], 'synchronous');
    mixes(4, [{ peer: 'n1', round: 6 }], 'synchronous');
  });

  it('finds what is too old, too far ahead, or of the wrong age', () => {
    const wrong = [
      [{ peer: 'n1', round: 2, stalenessRounds: 3 }],
      [{ peer: 'n1', round: 4, stalenessRounds: 2 }],
      [{ peer: 'n1', round: 16 }],
      [{ peer: 'n1', round: 5, stalenessRounds: -1 }],
      [
        { peer: 'n1', round: 3, stalenessRounds: 2 },
        { peer: 'n2', round: 3, stalenessRounds: 1 },
      ],
    ];
    for (const mixed of wrong) {
      assert.throws(() => mixes(5, mixed, 'barrier-free'), violates('staleness-bound', 'n0', /in its round 5/));
    }
  });

  it('finds two rounds, or an earlier one, mixed in one synchronous round', () => {
    const wrong = [
      [
        { peer: 'n1', round: 5 },
        { peer: 'n2', round: 6 },
      ],
      [{ peer: 'n1', round: 4 }],
    ];
    for (const mixed of wrong) {
      assert.throws(() => mixes(5, mixed, 'synchronous'), violates('staleness-bound', 'n0', /in its round 5/));
    }
  });
});

describe('finiteWeights', () => {
  it('finds weights that a node ends a round with or trains from', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const weights = Float32Array.of(0, bad, 0);
      const effects: Effect[] = [roundOf([], { weights }), { kind: 'train', round: 1, clockRound: 1, weights }];
      for (const effect of effects) {
        const checker = checkerOf(finiteWeights);
        checker.onEffect(1, roundOf([]), 1);
        assert.throws(() => checker.onEffect(1, effect, 2), violates('finite-weights', 'n1', /not finite/));
      }
    }
  });
});

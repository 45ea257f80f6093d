import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Mass } from '../../src/gossip/codec.ts';
import type { Arrived } from '../../src/gossip/mixer.ts';
import type { MatrixShape } from '../../src/gossip/payload.ts';
import { decodePayload } from '../../src/gossip/payload.ts';
import { PushSum } from '../../src/gossip/push-sum.ts';
import { Prng } from '../../src/lib/prng.ts';

const size = 3;
const shapes: MatrixShape[] = [{ rows: 1, columns: size }];

interface Push {
  peer: string;
  payload: Uint8Array;
  mass: Mass;
}

interface Node {
  name: string;
  mixer: PushSum;
  model: Float32Array;
}

function nodeOf(i: number, model: number[], samples: number, isRestart = false): Node {
  const mixer = new PushSum(shapes, new Prng(`node ${i}`), isRestart);
  const node = { name: `n${i}`, mixer, model: Float32Array.from(model) };
  mixer.begin(node.model, samples);
  return node;
}

function arrived(from: string, { payload, mass }: Push, round: number): Arrived {
  const weights = decodePayload(payload, shapes, 'float32');
  return { peer: from, weights, mass, round, samples: 0, degree: 0, stalenessRounds: 0 };
}

function send({ mixer, model }: Node, peers: readonly string[]): Push[] {
  const sent = mixer.send(model, peers);
  assert('pushes' in sent);
  return sent.pushes;
}

const own = { weights: new Float32Array(), round: 1, samples: 1, degree: 1 };

/** All weight there is: held, or sent and not taken in yet. */
function totalMass(nodes: readonly Node[]): number {
  let total = 0;
  for (const { name, mixer } of nodes) {
    const { held, sent } = mixer.mass;
    total += held;
    for (const [peer, link] of sent) {
      const receiver = nodes.find((node) => node.name === peer);
      const heard = receiver?.mixer.mass.heard.get(name);
      total += link.weight - (heard?.epoch === link.epoch ? heard.weight : 0);
    }
  }
  return total;
}

function distance(nodes: readonly Node[], target: readonly number[]): number {
  return Math.max(...nodes.flatMap(({ model }) => target.map((value, k) => Math.abs(value - (model[k] as number)))));
}

describe('PushSum', () => {
  it('mix() gives numerator over weight, as computed by hand for two nodes', () => {
    const [a, b] = [nodeOf(0, [1, 2, 3], 1), nodeOf(1, [4, 8, 12], 3)];
    const [push] = send(b, ['n0']) as [Push];
    send(a, ['n1']);
    // a kept half of 1 · (1, 2, 3) and half of its weight; b gave half of 3 · (4, 8, 12) and of 3.
    const mixed = a.mixer.mix(own, [arrived('n1', push, 1)]);
    assert.deepEqual(
      [...mixed],
      [1, 2, 3].map((value, k) => Math.fround((value / 2 + (3 * ([4, 8, 12][k] as number)) / 2) / 2)),
    );
  });

  it('training moves the model by what was trained, whatever weight the node holds', () => {
    const node = nodeOf(0, [1, 2, 3], 10);
    send(node, ['n1', 'n2', 'n3']);
    const before = node.mixer.mix(own, []);
    node.model = before.map((value) => value + 0.5);
    send(node, []);
    assert.deepEqual(node.mixer.mix(own, []), node.model);
  });

  it('keeps all mass, and nodes agree on the mean weighted by samples, over directed links that lose, double and reorder', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.array(fc.float({ min: -5, max: 5, noNaN: true }), { minLength: size, maxLength: size }),
            fc.integer({ min: 1, max: 50 }),
          ),
          {
            minLength: 2,
            maxLength: 7,
          },
        ),
        fc.integer(),
        fc.double({ min: 0, max: 0.7, noNaN: true }),
        (starts, seed, loss) => {
          const prng = new Prng(`${seed}`);
          const nodes = starts.map(([model, samples], i) => nodeOf(i, model, samples));
          const rows = starts.reduce((sum, [, samples]) => sum + samples, 0);
          const mean = Array.from(
            { length: size },
            (_, k) => starts.reduce((sum, [model, samples]) => sum + samples * (model[k] as number), 0) / rows,
          );
          // A ring one way, and one-way chords: no link has a way back, so that nobody could confirm anything.
          const peersOf = nodes.map((_, i) =>
            [...new Set([(i + 1) % nodes.length, ...(i % 2 === 0 ? [(i + 3) % nodes.length] : [])])]
              .filter((j) => j !== i)
              .map((j) => `n${j}`)
              .sort(),
          );
          let late: { to: string; update: Arrived }[] = [];
          const rounds = 400;
          for (let round = 1; round <= rounds; round++) {
            const inbox = new Map<string, Map<string, Arrived>>(nodes.map(({ name }) => [name, new Map()]));
            const deliver = (to: string, update: Arrived) => inbox.get(to)?.set(update.peer, update);
            for (const { to, update } of late) deliver(to, update);
            late = [];
            // At last everything arrives: what was lost before must come too.
            const isLast = round > rounds - 150;
            nodes.forEach((node, i) => {
              for (const push of send(node, peersOf[i] as string[])) {
                const update = arrived(node.name, push, round);
                if (!isLast && prng.nextFloat() < loss) continue;
                deliver(push.peer, update);
                if (!isLast && prng.nextFloat() < 0.2) late.push({ to: push.peer, update });
              }
            });
            for (const node of nodes) {
              const updates = [...(inbox.get(node.name)?.values() ?? [])].sort((x, y) => (x.peer < y.peer ? -1 : 1));
              for (const update of updates) assert.equal(node.mixer.refusal(update), undefined);
              node.model = node.mixer.mix(own, updates);
            }
            assert.ok(Math.abs(totalMass(nodes) / rows - 1) < 1e-12, `mass ${totalMass(nodes)} of ${rows}`);
          }
          // Running sums are float32: their resolution after so many rounds, and not a lost share, is what is left.
          assert.ok(distance(nodes, mean) < 2e-3, `${distance(nodes, mean)} from the mean`);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('refusal() refuses an update without sums, and sums that shrink', () => {
    const [a, b] = [nodeOf(0, [1, 2, 3], 1), nodeOf(1, [4, 8, 12], 3)];
    const [push] = send(b, ['n0']) as [Push];
    const { mass: _, ...without } = arrived('n1', push, 1);
    assert.equal(a.mixer.refusal(without), 'malformed');
    a.mixer.mix(own, [arrived('n1', push, 1)]);
    const less = { ...push, mass: { ...push.mass, sequence: 2, weight: push.mass.weight / 2 } };
    assert.equal(a.mixer.refusal(arrived('n1', less, 2)), 'malformed');
  });

  it('mix() takes in nothing that began before its memory was lost, and all that comes after', () => {
    const sender = nodeOf(0, [1, 2, 3], 8);
    for (let round = 1; round <= 3; round++) send(sender, ['n1']);
    const resumed = nodeOf(1, [5, 5, 5], 2, true);
    const [old] = send(sender, ['n1']) as [Push];
    const { weight: before } = { weight: resumed.mixer.mass.held };
    resumed.mixer.mix(own, [arrived('n0', old, 4)]);
    assert.equal(resumed.mixer.mass.held, before);
    const [next] = send(sender, ['n1']) as [Push];
    resumed.mixer.mix(own, [arrived('n0', next, 5)]);
    assert.equal(resumed.mixer.mass.held, before + next.mass.weight - old.mass.weight);
  });

  it('mix() begins from 0 with a sender whose sums begin anew', () => {
    const receiver = nodeOf(1, [5, 5, 5], 2);
    const first = nodeOf(0, [1, 2, 3], 8);
    receiver.mixer.mix(own, [arrived('n0', (send(first, ['n1']) as [Push])[0], 1)]);
    const restarted = nodeOf(7, [1, 2, 3], 8, true);
    const [push] = send(restarted, ['n1']) as [Push];
    receiver.mixer.mix(own, [arrived('n0', push, 2)]);
    assert.equal(receiver.mixer.mass.held, 2 + 4 + 4);
  });

  it('mix() leaves out sums that would make the model infinite, and takes in the others', () => {
    const [receiver, alone, honest] = [nodeOf(0, [1, 2, 3], 1), nodeOf(0, [1, 2, 3], 1), nodeOf(1, [4, 8, 12], 1)];
    // Half of a weight of 1 is left, and half of one comes: so one of two sums that are too large together is taken in.
    for (const node of [receiver, alone]) send(node, ['n1']);
    const [push] = send(honest, ['n0']) as [Push];
    const mass = { ...push.mass, weight: 0 };
    const hostile = { ...arrived('n2', push, 1), mass, weights: new Float32Array(size).fill(3e38) };
    const second = { ...hostile, peer: 'n3' };
    const mixed = receiver.mixer.mix(own, [arrived('n1', push, 1), hostile, second]);
    const expected = alone.mixer.mix(own, [arrived('n1', push, 1), hostile]);
    assert.ok(mixed.every(Number.isFinite));
    assert.deepEqual(mixed, expected);
    // What was left out may come again, as a part of later sums.
    assert.deepEqual([...receiver.mixer.mass.heard.keys()], ['n1', 'n2']);
    // Nor does the next round end this node.
    receiver.model = mixed;
    send(receiver, ['n1']);
    assert.ok(receiver.mixer.mix(own, []).every(Number.isFinite));
  });

  it('rescale() leaves models and mass what they are in the new scaler', () => {
    const [a, b] = [nodeOf(0, [1, 2, 3], 1), nodeOf(1, [4, 8, 12], 3)];
    const express = (weights: Float32Array) => weights.map((value, k) => 2 * value + k);
    const [first] = send(b, ['n0']) as [Push];
    send(a, []);
    const before = a.mixer.mix(own, [arrived('n1', first, 1)]);
    const b1 = b.mixer.mix(own, []);
    for (const { mixer } of [a, b]) mixer.rescale(express);
    b.model = express(b1);
    a.model = express(before);
    send(a, []);
    const [second] = send(b, ['n0']) as [Push];
    const mixed = a.mixer.mix(own, [arrived('n1', second, 2)]);
    // a held weight 1 + 1.5 and got half of the 1.5 that b had left, all of b's model.
    const expected = [...express(before)].map((value, k) => (2.5 * value + 0.75 * (express(b1)[k] as number)) / 3.25);
    for (const [k, value] of expected.entries()) {
      assert.ok(Math.abs(value - (mixed[k] as number)) < 1e-5, `${value} ${mixed[k]}`);
    }
  });

  it('send() keeps what is left where a node never receives', () => {
    const node = nodeOf(0, [1, 2, 3], 1);
    for (let round = 1; round <= 2000; round++) {
      send(node, ['n1', 'n2']);
      node.model = node.mixer.mix(own, []);
    }
    assert.ok(node.mixer.mass.held > 0);
    assert.ok(distance([node], [1, 2, 3]) < 1e-3, `${node.model}`);
  });
});

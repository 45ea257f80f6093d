import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Message, UpdateMessage } from '../../src/gossip/codec.ts';
import { digestOf } from '../../src/gossip/payload.ts';
import { SentBytesCounter, totalOf } from '../../src/gossip/sent-bytes.ts';

function update(model: number, payloadBytes = 100): UpdateMessage {
  const payload = new Uint8Array(payloadBytes).fill(model);
  return {
    kind: 'update',
    round: model,
    steps: 1,
    samples: 1,
    degree: 1,
    encoding: 'float32',
    sparsifier: 'none',
    content: 'weights',
    digest: digestOf(payload),
    scaler: new Uint8Array(),
    payloadBytes,
    payload,
  };
}

describe('SentBytesCounter', () => {
  it('add() tells the first copy of a model to a recipient from later ones, and headers from both', () => {
    const counter = new SentBytesCounter();
    counter.add('a', update(1), 130);
    counter.add('b', update(1), 130);
    assert.deepEqual(counter.bytes, { payload: 200, duplicates: 0, control: 60 });
    counter.add('a', update(1), 130);
    assert.deepEqual(counter.bytes, { payload: 200, duplicates: 100, control: 90 });
    counter.add('a', update(2), 130);
    assert.deepEqual(counter.bytes, { payload: 300, duplicates: 100, control: 120 });
  });

  it('add() counts a lost copy as sent and the next one as the first, and copies that the network makes as duplicates', () => {
    const counter = new SentBytesCounter();
    counter.add(7, update(1), 110, 0);
    counter.add(7, update(1), 110, 3);
    assert.deepEqual(counter.bytes, { payload: 200, duplicates: 200, control: 40 });
  });

  it('add() counts what carries no payload as control', () => {
    const { payload: _, ...announcement } = update(1);
    const messages: Message[] = [announcement, { kind: 'pull', digest: update(1).digest, moments: false }];
    const counter = new SentBytesCounter();
    for (const message of messages) counter.add('a', message, 50);
    assert.deepEqual(counter.bytes, { payload: 0, duplicates: 0, control: 100 });
  });

  it('add() remembers the recipients of the last four models only', () => {
    const counter = new SentBytesCounter();
    for (const model of [1, 2, 3, 4, 1]) counter.add('a', update(model), 100);
    assert.equal(counter.bytes.duplicates, 100);
    for (const model of [5, 6, 7, 8, 1]) counter.add('a', update(model), 100);
    assert.equal(counter.bytes.duplicates, 100);
  });

  it('add() agrees with counting each arrival, and the kinds add up', () => {
    const sends = fc.array(
      fc.record({ to: fc.nat(3), model: fc.integer({ min: 1, max: 4 }), arrivals: fc.nat(3), header: fc.nat(9) }),
    );
    fc.assert(
      fc.property(sends, (all) => {
        const counter = new SentBytesCounter();
        const got = new Set<string>();
        const expected = { payload: 0, duplicates: 0, control: 0 };
        for (const { to, model, arrivals, header } of all) {
          counter.add(to, update(model), 100 + header, arrivals);
          for (let copy = 0; copy < Math.max(1, arrivals); copy++) {
            expected.control += header;
            expected[got.has(`${to} ${model}`) ? 'duplicates' : 'payload'] += 100;
            if (arrivals > 0) got.add(`${to} ${model}`);
          }
        }
        assert.deepEqual(counter.bytes, expected);
        const sum = all.reduce((total, { arrivals, header }) => total + Math.max(1, arrivals) * (100 + header), 0);
        assert.equal(totalOf(counter.bytes), sum);
      }),
    );
  });
});

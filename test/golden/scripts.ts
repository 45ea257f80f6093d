// The situations whose transcripts are kept beside this file. Each gives the lines of one golden file.
import type { UpdateMessage } from '../../src/gossip/codec.ts';
import { digestOf } from '../../src/gossip/payload.ts';
import { CoreNetwork, momentsAt, type NetworkOptions, updateOf } from '../support/core-network.ts';

function adds(step: number) {
  return (_round: number, weights: Float32Array) => weights.map((weight) => weight + step);
}

/** A network whose transcript opens with `title`. */
function networkOf(title: string, options: NetworkOptions = {}): CoreNetwork {
  const network = new CoreNetwork(options);
  network.transcript.say(`# ${title}`);
  return network;
}

function twoNodesMix(): string[] {
  const network = networkOf(
    'Two nodes join, agree on a scaler, and mix without a barrier; b trains half as fast as a.',
    {
      features: 1,
      settings: { originsExpected: 2, roundsMax: 2 },
    },
  );
  network.add('a', { weights: [1, 10], moments: momentsAt(1) });
  network.add('b', { weights: [1, 10], moments: momentsAt(3), trainMs: () => 200, train: adds(3) });
  network.link('a', 'b');
  network.start('a');
  network.start('b');
  network.run();
  return network.transcript.lines;
}

function synchronousTimeout(): string[] {
  const network = networkOf(
    'Synchronous rounds of three: b dies silently in its second round. Its neighbours wait for it once.',
    {
      settings: { rounds: 'synchronous', originsExpected: 3, roundsMax: 4 },
      loses: (from) => from === 'b' && network.nowMs > 150,
    },
  );
  network.add('a', { train: adds(1) });
  network.add('b', { train: adds(2) });
  network.add('c', { train: adds(4) });
  network.link('a', 'b');
  network.link('b', 'c');
  network.link('a', 'c');
  for (const name of ['a', 'b', 'c']) network.start(name);
  network.run(150);
  network.transcript.say('# From here on nothing that b publishes arrives.');
  network.run(900);
  network.transcript.say('# The connection to b breaks too.');
  network.unlink('a', 'b');
  network.unlink('b', 'c');
  network.stop('b');
  network.run();
  return network.transcript.lines;
}

function synchronousStraggler(): string[] {
  const network = networkOf(
    'Synchronous rounds: c takes far longer over its first round than its neighbours wait. It goes on from their round.',
    { settings: { rounds: 'synchronous', originsExpected: 3, roundTimeoutMs: 200 } },
  );
  network.add('a', { weights: [0, 0], settings: { roundsMax: 8 } });
  network.add('b', { weights: [10, 0], settings: { roundsMax: 8 } });
  network.add('c', { weights: [20, 0], trainMs: (round) => (round === 1 ? 700 : 100), settings: { roundsMax: 2 } });
  network.link('a', 'b');
  network.link('b', 'c');
  network.link('a', 'c');
  for (const name of ['a', 'b', 'c']) network.start(name);
  network.run();
  return network.transcript.lines;
}

function pullExchange(): string[] {
  const network = networkOf('Exchange pull: the topic carries headers, and a payload is pulled by its digest.', {
    settings: { exchange: 'pull', originsExpected: 2, roundsMax: 2 },
  });
  network.add('a', { weights: [1, 1] });
  network.add('b', { weights: [5, 5], trainMs: () => 150, train: adds(3) });
  network.link('a', 'b');
  network.start('a');
  network.start('b');
  network.run(260);
  network.transcript.say('# A model that its sender has replaced meanwhile is not held any more.');
  network.feed('b', { kind: 'updateReceived', from: 'a', update: headerOf(updateOf(9, [7, 7])), pulled: false });
  network.run();
  return network.transcript.lines;
}

function headerOf({ payload: _, ...header }: UpdateMessage): UpdateMessage {
  return header;
}

function lateJoiner(): string[] {
  const network = networkOf(
    "A late joiner takes over a neighbour's model and its scaler, then expresses it in the newer one.",
    { features: 1, settings: { settleMs: 100, roundsMax: 2 } },
  );
  network.add('a', { weights: [1, 10], moments: momentsAt(2), trainMs: () => 400, settings: { roundsMax: 3 } });
  network.start('a');
  network.run(550);
  network.transcript.say(
    '# c has joined from elsewhere: a hears of its moments, while the model on offer is in the old scaler.',
  );
  network.deliver('c', 'a', {
    kind: 'moments',
    origins: [{ peer: 'c', version: 1, ...momentsAt(8) }],
  });
  network.transcript.say('# b starts and meets a.');
  network.add('b', { weights: [1, 10], moments: momentsAt(5) });
  network.link('a', 'b');
  network.start('b');
  network.run();
  return network.transcript.lines;
}

function restart(): string[] {
  const network = networkOf(
    'A gateway that restarts with the same data takes over its own moments as the others know them.',
    {
      features: 1,
      settings: { settleMs: 100, roundsMax: 2 },
    },
  );
  network.add('a', { weights: [0, 0], moments: momentsAt(1), settings: { roundsMax: 5 } });
  network.add('b', { weights: [0, 0], moments: momentsAt(3) });
  network.link('a', 'b');
  network.start('a');
  network.start('b');
  network.run(260);
  network.transcript.say('# b stops and comes back.');
  network.stop('b');
  network.add('b', { weights: [0, 0], moments: momentsAt(3), settings: { roundsMax: 1 } });
  network.start('b');
  network.run();
  return network.transcript.lines;
}

function partitionsMeet(): string[] {
  const network = networkOf(
    'Two nodes that trained apart meet: each finds the other in a scaler it does not know and asks for the moments.',
    { features: 1, settings: { settleMs: 50, roundsMax: 5 } },
  );
  network.add('a', { weights: [0, 0], moments: momentsAt(1) });
  network.add('b', { weights: [0, 0], moments: momentsAt(3) });
  network.start('a');
  network.start('b');
  network.run(120);
  network.link('a', 'b');
  network.run();
  return network.transcript.lines;
}

function badUpdates(): string[] {
  const network = networkOf('What can be wrong with an update of b, one at a time. Each has its code, and a goes on.', {
    settings: { settleMs: 10, roundsMax: 11 },
  });
  network.add('a');
  network.start('a');
  network.run(150);
  const { transcript } = network;
  const send = (title: string, update: UpdateMessage | Uint8Array) => {
    transcript.say(`# ${title}`);
    network.deliver('b', 'a', update);
    network.run(network.nowMs + 100);
  };
  send('In order.', updateOf(2, [10, 10]));
  send('The same once more.', updateOf(2, [10, 10]));
  send('A payload that does not hash to its digest.', updateOf(3, [10, 10], { digest: new Uint8Array(32) }));
  const short = new Uint8Array(4);
  send('One weight too few.', updateOf(3, [10, 10], { payload: short, payloadBytes: 4, digest: digestOf(short) }));
  const infinite = new Uint8Array(Float32Array.of(1, Number.POSITIVE_INFINITY).buffer);
  send('A weight that is infinite.', updateOf(3, [10, 10], { payload: infinite, digest: digestOf(infinite) }));
  send('A scaler, where none is shared.', updateOf(6, [10, 10], { scaler: new Uint8Array(32) }));
  send('Bytes that are no message.', Uint8Array.of(0xff, 0xff));
  send('Too far ahead. It is refused, but the clock moves towards it by 100 rounds.', updateOf(5000, [10, 10]));
  send('Too old by now.', updateOf(9, [10, 10]));
  send('In order.', updateOf(111, [20, 20]));
  network.run();
  return transcript.lines;
}

/** Golden files by name. */
export const scripts: Record<string, () => string[]> = {
  'two-nodes-mix': twoNodesMix,
  'synchronous-timeout': synchronousTimeout,
  'synchronous-straggler': synchronousStraggler,
  'pull-exchange': pullExchange,
  'late-joiner': lateJoiner,
  restart,
  'partitions-meet': partitionsMeet,
  'bad-updates': badUpdates,
};

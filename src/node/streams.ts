// The two stream protocols between peers: push an update, pull a model. Owns framing, size and time limits; reads no
// message.
import type { Libp2p, Stream } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import * as lp from 'it-length-prefixed';
import { pipe } from 'it-pipe';
import { modelStreamProtocol, updateStreamProtocol } from '../gossip/manifest.ts';

export interface StreamHandlers {
  /** Longest message that is read. */
  messageBytesMax: number;
  onUpdate(from: string, bytes: Uint8Array): void;
  /** Gives the answers to a pull, encoded. */
  onPull(from: string, bytes: Uint8Array): Uint8Array[];
}

/** Longest time that one exchange on a stream may take. */
const exchangeTimeoutMs = 10_000;
/** A pull is answered by moments and a model at most. */
const answersMax = 2;

/** Serves both protocols on `libp2p`. */
export async function serveStreams(libp2p: Libp2p, handlers: StreamHandlers): Promise<void> {
  const { messageBytesMax } = handlers;
  await libp2p.handle(updateStreamProtocol, (stream, connection) =>
    bounded(stream, async () => {
      for await (const bytes of messages(stream, messageBytesMax)) {
        handlers.onUpdate(connection.remotePeer.toString(), bytes);
      }
      await stream.close();
    }),
  );
  await libp2p.handle(modelStreamProtocol, (stream, connection) =>
    bounded(stream, async () => {
      for await (const bytes of messages(stream, messageBytesMax)) {
        for (const answer of handlers.onPull(connection.remotePeer.toString(), bytes)) await write(stream, answer);
        break;
      }
      await stream.close();
    }),
  );
}

/** Sends one update to a connected peer. Rejects where the peer cannot be reached. */
export async function pushUpdate(libp2p: Libp2p, peer: string, bytes: Uint8Array): Promise<void> {
  const stream = await libp2p.dialProtocol(peerIdFromString(peer), updateStreamProtocol, {
    signal: AbortSignal.timeout(exchangeTimeoutMs),
  });
  await bounded(stream, async () => {
    await write(stream, bytes);
    await stream.close();
  });
}

/** Sends a pull and returns the answers, undecoded. Rejects where the peer cannot be reached or is too slow. */
export async function pullModel(
  libp2p: Libp2p,
  peer: string,
  pull: Uint8Array,
  messageBytesMax: number,
): Promise<Uint8Array[]> {
  const stream = await libp2p.dialProtocol(peerIdFromString(peer), modelStreamProtocol, {
    signal: AbortSignal.timeout(exchangeTimeoutMs),
  });
  const answers: Uint8Array[] = [];
  await bounded(stream, async () => {
    await write(stream, pull);
    for await (const bytes of messages(stream, messageBytesMax)) {
      answers.push(bytes);
      if (answers.length === answersMax) break;
    }
    await stream.close();
  });
  return answers;
}

async function* messages(stream: Stream, messageBytesMax: number): AsyncGenerator<Uint8Array> {
  const decoded = pipe(stream, (source) => lp.decode(source, { maxDataLength: messageBytesMax }));
  for await (const message of decoded) yield message.subarray();
}

async function write(stream: Stream, bytes: Uint8Array): Promise<void> {
  if (!stream.send(lp.encode.single(bytes))) await stream.onDrain({ signal: AbortSignal.timeout(exchangeTimeoutMs) });
}

/** Runs an exchange and resets the stream where it fails or takes too long. */
async function bounded(stream: Stream, exchange: () => Promise<void>): Promise<void> {
  const timer = setTimeout(() => stream.abort(new Error('the exchange took too long')), exchangeTimeoutMs);
  try {
    await exchange();
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error(String(error)));
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

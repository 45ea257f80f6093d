// The two stream protocols between peers: push an update, pull a model. Owns framing, size and time limits, and the names
// of what a peer does wrong there; reads no message.
import { type Libp2p, type Stream, type StreamMessageEvent, StreamResetError } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import * as lp from 'it-length-prefixed';
import { pipe } from 'it-pipe';
import type { Uint8ArrayList } from 'uint8arraylist';
import { modelStreamProtocol, updateStreamProtocol } from '../gossip/manifest.ts';
import { PeerError, type PeerErrorCode } from '../gossip/peer-error.ts';

export interface StreamLimits {
  /** Longest message that is read. */
  messageBytesMax: number;
  /** Longest life of a stream, and longest time to open one. */
  timeoutMs: number;
  /** Aborts every stream that is open. */
  signal: AbortSignal;
}

export interface StreamHandlers {
  onUpdate(from: string, bytes: Uint8Array): void;
  /** Gives the answers to a pull, encoded. */
  onPull(from: string, bytes: Uint8Array): Uint8Array[];
  /** A peer opened a stream and did not bring one whole message within the limits. */
  onBadStream(from: string, error: PeerError): void;
}

const protocols = [updateStreamProtocol, modelStreamProtocol];
/** Streams of one protocol that a peer may have open on a connection (libp2p's own default): some that it uses, and slow ones. */
const openStreamsMax = 32;
/** A pull is answered by moments and a model at most. */
const answersMax = 2;

/** Serves both protocols on `libp2p` until the limits' signal aborts. */
export async function serveStreams(libp2p: Libp2p, limits: StreamLimits, handlers: StreamHandlers): Promise<void> {
  const { onBadStream } = handlers;
  const onUpdate = (from: string, bytes: Uint8Array) => {
    handlers.onUpdate(from, bytes);
    return [];
  };
  await serveProtocol(libp2p, updateStreamProtocol, limits, onUpdate, onBadStream);
  await serveProtocol(libp2p, modelStreamProtocol, limits, (from, bytes) => handlers.onPull(from, bytes), onBadStream);
}

/**
 * Serves `protocol`: on each stream one request is read and the answers to it are written. `answersTo` may throw a
 * PeerError, which resets the stream.
 */
export async function serveProtocol(
  libp2p: Libp2p,
  protocol: string,
  limits: StreamLimits,
  answersTo: (from: string, request: Uint8Array) => Uint8Array[] | Promise<Uint8Array[]>,
  onBadStream: StreamHandlers['onBadStream'],
): Promise<void> {
  await libp2p.handle(
    protocol,
    async (stream, connection) => {
      const from = connection.remotePeer.toString();
      await bounded(stream, limits, async () => {
        const [request] = await read(stream, limits.messageBytesMax, 1);
        if (request === undefined) throw new PeerError('reset', 'a stream was closed before its first message');
        for (const answer of await answersTo(from, request)) await write(stream, answer);
        await stream.close();
      }).catch((error: unknown) => {
        if (limits.signal.aborted) return;
        // libp2p logs the rest, such as a connection that went down.
        if (!(error instanceof PeerError)) throw error;
        onBadStream(from, error);
      });
    },
    { maxInboundStreams: openStreamsMax },
  );
}

/** Serves the protocols no more. */
export async function unserveStreams(libp2p: Libp2p): Promise<void> {
  await libp2p.unhandle(protocols);
}

/** Sends one update to a connected peer. Rejects where the peer cannot be reached or is too slow. */
export async function pushUpdate(libp2p: Libp2p, peer: string, bytes: Uint8Array, limits: StreamLimits): Promise<void> {
  const stream = await open(libp2p, peer, updateStreamProtocol, limits);
  await bounded(stream, limits, async () => {
    await write(stream, bytes);
    await stream.close();
  });
}

/**
 * Sends a pull and returns the answers, undecoded. Rejects with a PeerError where the peer answers badly or too slowly,
 * with another error where it cannot be reached.
 */
export function pullModel(libp2p: Libp2p, peer: string, pull: Uint8Array, limits: StreamLimits): Promise<Uint8Array[]> {
  return ask(libp2p, peer, modelStreamProtocol, pull, answersMax, limits);
}

/** Sends one request on a stream of `protocol` and returns up to `count` answers. Rejects as pullModel() does. */
export async function ask(
  libp2p: Libp2p,
  peer: string,
  protocol: string,
  request: Uint8Array,
  count: number,
  limits: StreamLimits,
): Promise<Uint8Array[]> {
  const stream = await open(libp2p, peer, protocol, limits);
  return bounded(stream, limits, async () => {
    await write(stream, request);
    const answers = await read(stream, limits.messageBytesMax, count);
    await stream.close();
    return answers;
  });
}

function open(libp2p: Libp2p, peer: string, protocol: string, { timeoutMs, signal }: StreamLimits): Promise<Stream> {
  return libp2p.dialProtocol(peerIdFromString(peer), protocol, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  });
}

/** Reads `count` messages, or all where the peer closes before that. */
async function read(stream: Stream, messageBytesMax: number, count: number): Promise<Uint8Array[]> {
  const messages: Uint8Array[] = [];
  try {
    const decoded = pipe(chunksOf(stream), (source) => lp.decode(source, { maxDataLength: messageBytesMax }));
    for await (const message of decoded) {
      messages.push(message.subarray());
      if (messages.length === count) break;
    }
  } catch (error) {
    throw asPeerError(error);
  }
  // What follows is thrown away, not stored.
  await stream.closeRead();
  return messages;
}

/**
 * What arrives on `stream`. libp2p's own iterator (3.3) waits forever where the peer has closed its side before the
 * iteration begins, as happens under load: it listens for the closing and does not look at the state.
 */
function chunksOf(stream: Stream): ReadableStream<Uint8Array | Uint8ArrayList> {
  const done = new AbortController();
  return new ReadableStream({
    start(controller) {
      const { signal } = done;
      const finish = (error?: Error) => {
        if (signal.aborted) return;
        done.abort();
        if (error) controller.error(error);
        else controller.close();
      };
      const broken = () => stream.status === 'reset' || stream.status === 'aborted';
      const onMessage = ({ data }: StreamMessageEvent) => {
        controller.enqueue(data);
        // The negotiation of the protocol may have read to the end, and put back what is ours.
        if (stream.readableEnded) finish();
      };
      stream.addEventListener('message', onMessage, { signal });
      stream.addEventListener('close', ({ error }) => finish(error), { signal });
      // A reset ends the stream too, before the event that carries the error.
      stream.addEventListener('end', () => broken() || finish(), { signal });
      if (broken()) finish(new StreamResetError());
      else if (stream.readableEnded && stream.readBufferLength === 0) finish();
    },
    cancel() {
      done.abort();
    },
  });
}

const codesByErrorName: Record<string, PeerErrorCode> = {
  InvalidDataLengthError: 'too-large',
  InvalidDataLengthLengthError: 'malformed',
  InvalidMessageLengthError: 'malformed',
  UnexpectedEOFError: 'reset',
  StreamBufferError: 'too-large',
  StreamResetError: 'reset',
};

function asPeerError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = codesByErrorName[error.name];
  return code === undefined ? error : new PeerError(code, error.message);
}

async function write(stream: Stream, bytes: Uint8Array): Promise<void> {
  if (!stream.send(lp.encode.single(bytes))) await stream.onDrain();
}

/** Runs an exchange; resets the stream where that fails, and where the stream is not closed by both sides in time. */
async function bounded<T>(stream: Stream, limits: StreamLimits, exchange: () => Promise<T>): Promise<T> {
  const { timeoutMs, signal } = limits;
  const onTimeout = () => stream.abort(new PeerError('timeout', `a stream was not done after ${timeoutMs} ms`));
  const onStop = () => stream.abort(new Error('the node was stopped'));
  const timer = setTimeout(onTimeout, timeoutMs);
  signal.addEventListener('abort', onStop);
  const release = () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', onStop);
  };
  stream.addEventListener('close', release, { once: true });
  try {
    signal.throwIfAborted();
    return await exchange();
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error(String(error)));
    throw error;
  } finally {
    if (stream.status !== 'open') release();
  }
}

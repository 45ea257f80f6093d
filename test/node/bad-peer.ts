// A peer that keeps to no rule, on a real host: it joins a topic and says what a test wants. Asserts nothing.
import type { Stream } from '@libp2p/interface';
import * as lp from 'it-length-prefixed';
import { encodeMessage, type Message, type UpdateMessage } from '../../src/gossip/codec.ts';
import { modelStreamProtocol, topicOf } from '../../src/gossip/manifest.ts';
import { digestOf } from '../../src/gossip/payload.ts';
import { addressesOf, connect, type Host, startHost } from '../../src/node/host.ts';
import { eventually, hashOf, type LiveNode, type Transport } from '../support/live-federation.ts';

/** What a bad peer does when it has read a pull: it sends these bytes, raw, and closes, or does as the function says. */
export type Answer = Uint8Array | ((stream: Stream) => void);

export class BadPeer {
  readonly host: Host;
  readonly topic: string;
  readonly federation: Uint8Array;
  private readonly victim: LiveNode;

  private constructor(host: Host, victim: LiveNode, federation: Uint8Array) {
    this.host = host;
    this.victim = victim;
    this.federation = federation;
    this.topic = topicOf(federation);
  }

  /** Starts a host and connects it to `victim`, whose federation is `federationName`; its key follows from `name`. */
  static async start(name: string, victim: LiveNode, federationName: string, transport: Transport): Promise<BadPeer> {
    const host = await startHost({ transport, listen: [], keySeed: hashOf(name), degree: 8 });
    const peer = new BadPeer(host, victim, hashOf(federationName));
    await connect(host, addressesOf(victim.host));
    return peer;
  }

  get peerId(): string {
    return this.host.libp2p.peerId.toString();
  }

  /** Subscribes, and waits until both sides know that of each other. */
  async joinTopic(): Promise<void> {
    this.host.pubsub.subscribe(this.topic);
    const known = ({ pubsub }: Host, peer: string) =>
      pubsub.getSubscribers(this.topic).some((id) => id.toString() === peer);
    await eventually(
      () => known(this.host, this.victim.peerId) && known(this.victim.host, this.peerId),
      'the bad peer is on the topic',
    );
  }

  /** Publishes bytes, signed as they should be. */
  async publish(data: Uint8Array): Promise<void> {
    await this.host.pubsub.publish(this.topic, data);
  }

  async open(protocol: string): Promise<Stream> {
    return this.host.libp2p.dialProtocol(this.victim.host.libp2p.peerId, protocol);
  }

  /** Announces a model, of 32 weights unless `change` says otherwise, and answers to the pull that follows. */
  async announce(answer: Answer, change: Partial<UpdateMessage> = {}): Promise<void> {
    await this.host.libp2p.handle(modelStreamProtocol, (stream) => {
      const onRequest = async () => {
        if (typeof answer === 'function') return answer(stream);
        stream.send(answer);
        await stream.close();
      };
      stream.addEventListener('message', onRequest, { once: true });
    });
    const { payload: _, ...header } = this.update(change);
    await this.publish(this.encoded(header));
  }

  /** An update that is in order, but for what `change` says, of the 32 weights that a live node has by default. */
  update(change: Partial<UpdateMessage> = {}): UpdateMessage {
    const payload = change.payload ?? new Uint8Array(4 * 32);
    return {
      kind: 'update',
      round: 2,
      steps: 1,
      samples: 1,
      degree: 1,
      encoding: 'float32',
      sparsifier: 'none',
      content: 'weights',
      digest: digestOf(payload),
      scaler: new Uint8Array(32),
      payloadBytes: payload.length,
      ...change,
      payload,
    };
  }

  encoded(message: Message): Uint8Array {
    return encodeMessage(message, this.federation);
  }

  async stop(): Promise<void> {
    await this.host.libp2p.stop();
  }
}

/** `bytes` with their length before them. */
export function framed(bytes: Uint8Array): Uint8Array {
  return lp.encode.single(bytes).subarray();
}

/** The length prefix of 4 GB, and nothing behind it. */
export const lengthOf4GB = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f);

/** 32 weights, the first of which is `first`. */
export function payloadWith(first: number): Uint8Array {
  const weights = new Float32Array(32);
  weights[0] = first;
  return new Uint8Array(weights.buffer);
}

// A fingerprint of all that happened in a simulation, in order: the same trace hash means the same run.
import { createHash } from 'node:crypto';
import type { Input } from '../gossip/protocol.ts';

/** Takes the inputs of every node, and what befalls the fleet, as they happen. */
export class Trace {
  private readonly hash = createHash('sha256');
  private events = 0;

  add(atMs: number, node: number, input: Input): void {
    this.events++;
    this.hash.update(`${atMs} ${node} ${input.kind} `);
    switch (input.kind) {
      case 'updateReceived':
        this.hash.update(`${input.from} ${input.update.round} `).update(input.update.digest);
        break;
      case 'trained':
        // The weights themselves are in the digest of the update that follows.
        this.hash.update(`${input.round} ${input.loss}`);
        break;
      case 'momentsReceived':
        this.hash.update(`${input.from} ${input.moments.origins.map(({ peer, version }) => `${peer}@${version}`)}`);
        break;
      case 'notHeldReceived':
        this.hash.update(input.from);
        break;
      case 'peerUp':
      case 'peerDown':
        this.hash.update(input.peer);
        break;
      case 'timerFired':
        this.hash.update(input.timer);
        break;
      case 'started':
      case 'dataChanged':
      case 'trainingFailed':
      case 'stopped':
        break;
    }
    this.hash.update('\n');
  }

  /** Notes a fault, in words that tell it from any other. */
  addFault(atMs: number, fault: string): void {
    this.events++;
    this.hash.update(`${atMs} ${fault}\n`);
  }

  /** SHA-256 of all that was added, in hexadecimal. May be asked once. */
  digest(): string {
    return this.hash.update(`${this.events}`).digest('hex');
  }
}

// What a node offers, and answers pulls from. Owns that a model may be pulled for a round after the next was offered, and that
// who joins gets whole models; sends nothing.
import type { PullMessage, UpdateMessage } from './codec.ts';
import type { Outgoing } from './mixer.ts';
import type { MomentsEntry } from './moments.ts';
import { digestOf, encodePayload, type MatrixShape } from './payload.ts';
import type { PullAnswer } from './protocol.ts';
import { sameDigest } from './shared-scaler.ts';

/** Own updates kept: a pull may come when the next round has been offered already. */
export const offersKept = 2;

/** What is the same in all updates of one round. */
export type UpdateHeader = Pick<
  UpdateMessage,
  'kind' | 'round' | 'steps' | 'samples' | 'degree' | 'encoding' | 'scaler'
>;

/** What a node offers in one round. */
export interface Offer extends Pick<UpdateMessage, 'sparsifier' | 'content'> {
  header: UpdateHeader;
  /** The whole model. */
  weights: Float32Array;
  /** The moments of the model's scaler, for a late joiner that takes it over. */
  origins: readonly MomentsEntry[];
}

interface Kept extends Offer {
  /** As it was published; undefined where each peer was sent its own. */
  update: UpdateMessage | undefined;
}

/** Updates as they are sent: one for every peer, or one for each. */
export type Offered =
  | { update: UpdateMessage & Required<Pick<UpdateMessage, 'payload'>> }
  | { pushes: { peer: string; message: UpdateMessage }[] };

/** One node's latest offers. */
export class Offers {
  private readonly shapes: readonly MatrixShape[];
  /** Newest first. */
  private kept: readonly Kept[] = [];

  constructor(shapes: readonly MatrixShape[]) {
    this.shapes = shapes;
  }

  get size(): number {
    return this.kept.length;
  }

  /** Makes the updates of a round, to be sent, and keeps the offer. */
  offer(offer: Offer, outgoing: Outgoing): Offered {
    const { header, sparsifier, content } = offer;
    const updateOf = (payload: Uint8Array) => ({ ...header, sparsifier, content, ...named(payload) });
    if ('pushes' in outgoing) {
      this.keep(offer, undefined);
      return {
        pushes: outgoing.pushes.map(({ peer, payload, mass }) => ({ peer, message: { ...updateOf(payload), mass } })),
      };
    }
    const update = updateOf(outgoing.payload);
    this.keep(offer, update);
    return { update };
  }

  /**
   * First the moments, of the model's scaler where a model follows and otherwise `known`; then the model, or that it is
   * not held. The current model comes with all its weights.
   */
  answer(pull: PullMessage, known: readonly MomentsEntry[]): PullAnswer[] {
    const isCurrent = pull.digest.length === 0;
    const held = this.kept.find(({ update }) => isCurrent || (update && sameDigest(pull.digest, update.digest)));
    const answers: PullAnswer[] = [];
    const origins = held?.origins ?? known;
    if (pull.moments && origins.length > 0) answers.push({ kind: 'moments', origins });
    const model = isCurrent && held ? this.whole(held) : held?.update;
    answers.push(model ?? { kind: 'notHeld', digest: pull.digest });
    return answers;
  }

  private keep(offer: Offer, update: UpdateMessage | undefined): void {
    this.kept = [{ ...offer, update }, ...this.kept].slice(0, offersKept);
  }

  /** Who joins has no weights of its own to fill in, and no sums or differences to go on from. */
  private whole({ header, update, weights }: Kept): UpdateMessage {
    if (update?.content === 'weights' && update.sparsifier === 'none') return update;
    const payload = encodePayload(weights, this.shapes, header.encoding);
    return { ...header, sparsifier: 'none', content: 'weights', ...named(payload) };
  }
}

function named(payload: Uint8Array): Required<Pick<UpdateMessage, 'digest' | 'payloadBytes' | 'payload'>> {
  return { digest: digestOf(payload), payloadBytes: payload.length, payload };
}

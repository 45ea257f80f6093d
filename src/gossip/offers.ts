// What a node has offered lately and answers pulls from. Owns that a model may be pulled for a round after the next was
// offered, and that who joins gets whole models; sends nothing.
import type { PullMessage, UpdateMessage } from './codec.ts';
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

interface Offer {
  header: UpdateHeader;
  /** The whole model. */
  weights: Float32Array;
  /** As it was published; undefined where each peer was sent its own. */
  update: UpdateMessage | undefined;
  /** The moments of the model's scaler, for a late joiner that takes it over. */
  origins: readonly MomentsEntry[];
}

/** One node's latest offers. */
export class Offers {
  private readonly shapes: readonly MatrixShape[];
  /** Newest first. */
  private kept: readonly Offer[] = [];

  constructor(shapes: readonly MatrixShape[]) {
    this.shapes = shapes;
  }

  get size(): number {
    return this.kept.length;
  }

  keep(offer: Offer): void {
    this.kept = [offer, ...this.kept].slice(0, offersKept);
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

  /** Who joins has no weights of its own to fill in, and no sums or differences to go on from. */
  private whole({ header, update, weights }: Offer): UpdateMessage {
    if (update?.content === 'weights' && update.sparsifier === 'none') return update;
    const payload = encodePayload(weights, this.shapes, header.encoding);
    const digest = digestOf(payload);
    return { ...header, sparsifier: 'none', content: 'weights', digest, payloadBytes: payload.length, payload };
  }
}

// Invariant: mixing is convex. Each coordinate of a mixed model lies between the least and the greatest of what was mixed.
import type { UpdateMessage } from '../../gossip/codec.ts';
import { filledIn } from '../../gossip/compression/sparse-payload.ts';
import { type Carried, readPayload } from '../../gossip/compression/update-payload.ts';
import { type MixingName, mixingRuleNames } from '../../gossip/mixing.ts';
import { PeerError } from '../../gossip/peer-error.ts';
import type { Effect, Input } from '../../gossip/protocol.ts';
import { type Checker, type CheckerFactory, type Fleet, violation } from './checker.ts';

/**
 * Rules whose result is convex in each coordinate: all without a memory, which are means and medians, picks, and merges, with
 * weights of at least 0.
 */
export const convexRules: ReadonlySet<MixingName> = new Set(mixingRuleNames);

/**
 * Decodes every update itself, and so also finds a mixed one that never came. Too expensive for large fleets. Looks away
 * where a shared scaler has changed, and with it what the weights mean.
 *
 * Rounding needs no allowance. Where factors are at least 0 and add to 1 within a few 2⁻⁵³, a sum in float64 passes the
 * greatest of its terms by a few 2⁻⁵³ of it at most; rounding to float32, whose steps are 2⁻²⁴, brings it back.
 */
export const convexity: CheckerFactory = (fleet) => new Convexity(fleet);

class Convexity implements Checker {
  readonly name = 'convexity';
  private readonly fleet: Fleet;
  private readonly trained: Float32Array[] = [];
  /** By node, sender and round: as a sender starts again, a round may have several. */
  private readonly arrived: readonly Map<string, Map<number, Carried[]>>[];
  private isRescaled = false;

  constructor(fleet: Fleet) {
    this.fleet = fleet;
    this.arrived = fleet.settings.map(() => new Map());
  }

  onInput(node: number, input: Input): void {
    this.isRescaled = false;
    if (input.kind === 'trained') this.trained[node] = input.weights;
    if (input.kind === 'updateReceived') this.note(node, input.from, input.update);
  }

  onDown(node: number): void {
    this.arrived[node]?.clear();
  }

  onEffect(node: number, effect: Effect, nowMs: number): void {
    if (effect.kind === 'rescale') this.isRescaled = true;
    if (effect.kind !== 'emit' || effect.event.type !== 'round') return;
    const { weights, mixed } = effect.event;
    const own = this.trained[node] as Float32Array;
    const models = [own];
    for (const { peer, round } of mixed) {
      const found = this.taken(node, peer, round);
      if (found.length === 0) {
        throw violation(this, this.fleet, node, nowMs, `mixed round ${round} of ${peer}, which never came`);
      }
      for (const model of found) models.push(model instanceof Float32Array ? model : filledIn(model, own));
    }
    if (this.isRescaled || !convexRules.has(this.fleet.settings[node]!.mixing)) return;
    for (let k = 0; k < weights.length; k++) {
      let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (const model of models) {
        low = Math.min(low, model[k]!);
        high = Math.max(high, model[k]!);
      }
      const weight = weights[k]!;
      if (weight >= low && weight <= high) continue;
      const seen = `mixed weight ${k} to ${weight}, and what it mixed lies in [${low}, ${high}]`;
      throw violation(this, this.fleet, node, nowMs, seen);
    }
  }

  private note(node: number, from: string, update: UpdateMessage): void {
    const { shapes, keep } = this.fleet.settings[node]!;
    if (update.payload === undefined) return;
    const arrived = this.arrived[node] as Map<string, Map<number, Carried[]>>;
    const ofSender = arrived.get(from) ?? new Map<number, Carried[]>();
    arrived.set(from, ofSender);
    try {
      const weights = readPayload(update.payload, update.digest, shapes, { ...update, keep });
      ofSender.set(update.round, [...(ofSender.get(update.round) ?? []), weights]);
    } catch (error) {
      // What cannot be read cannot be mixed either.
      if (!(error instanceof PeerError)) throw error;
    }
  }

  /** What came of that round; with it and all before, nothing more is to be done. */
  private taken(node: number, peer: string, round: number): Carried[] {
    const ofSender = this.arrived[node]?.get(peer);
    const found = ofSender?.get(round) ?? [];
    for (const other of ofSender?.keys() ?? []) if (other <= round) ofSender?.delete(other);
    return found;
  }
}

// Push-sum over links that lose, double and reorder messages. Owns the sums of each link; a message's bytes are not known here.
import { allFinite } from '../lib/finite.ts';
import type { Prng } from '../lib/prng.ts';
import type { Mass } from './codec.ts';
import type { Arrived, Mixer, Outgoing } from './mixer.ts';
import type { Own } from './mixing.ts';
import { encodePayload, type MatrixShape } from './payload.ts';
import type { PeerErrorCode } from './peer-error.ts';

/** What went over one link, in one direction, since its sums began from 0. */
interface LinkSums {
  epoch: number;
  sequence: number;
  /** Sum of the sender's shares of its numerator; float32, as it is sent. */
  numerator: Float32Array;
  /** Sum of the shares of its weight. */
  weight: number;
}

/** Where a node's weight is, for who watches that none gets lost. */
export interface MassBalance {
  held: number;
  /** Given away since the link to each peer began, and taken in since the link from it did. */
  sent: ReadonlyMap<string, Mass>;
  heard: ReadonlyMap<string, Mass>;
  /** Whether weight may be lost since links were forgotten, or sums began anew or were refused as they overflowed. */
  mayHaveLost: boolean;
}

/** Links remembered in each direction, unless there are more neighbours. */
export const linksMax = 64;

/** More weight than all members together can have: only a lie brings it, and times a model it would overflow. */
const weightMax = 2 ** 64;

/**
 * A node keeps what it has while its weight is below this share of the first one. Who sends and never receives would give
 * away all but nothing, and the rounding of the sums would be more than what is left of its model.
 */
const weightShareMin = 1 / 64;

/**
 * Stochastic gradient push (SGP; Assran et al., arXiv 1811.10792, algorithm 1). A node has a numerator x and a weight w > 0;
 * its model is x / w. Each round it keeps one of d + 1 equal shares of both and sends the others to its d peers, so links
 * need not go both ways, nor be equally many everywhere: what all nodes hold together stays the same, and x / w tends to
 * Σx / Σw. At the start w is the number of training rows, so that this mean weighs rows alike. Training moves the model and so x by w times
 * its change: in the paper by the change itself, which for a node that has little weight left for the moment would be a leap.
 *
 * A lost message must lose no mass. So a node sends, over each link, the sum of all its shares since the link's beginning, and
 * the receiver adds what is more than the last time: ratio consensus with running sums (Hadjicostis, Vaidya and
 * Domínguez-García, Robust distributed average consensus via exchange of running sums, IEEE TAC 61(6), 2016). What one
 * message lost, the next one brings; copies and overtaken messages add nothing. The sums are float32, and a node gives away what
 * the sum it sends has grown by, so rounding moves mass but makes none. Sums grow with the rounds and their resolution with them: after
 * 10,000 rounds a model of a neighbour is exact to about 1e-4.
 *
 * Mass is lost with a node that loses its memory, and what was on the way to it; and with a link that is forgotten, as a node
 * that meets ever new peers forgets those that it met longest ago. Who claims much weight has much influence: for peers that
 * are trusted. Each node keeps two models a link.
 */
export class PushSum implements Mixer {
  readonly content = 'sums';
  readonly needsEvery = false;
  private readonly shapes: readonly MatrixShape[];
  private readonly prng: Prng;
  /** Whether sums that are new to it may be of a link whose earlier sums it took in and forgot. */
  private hasForgotten: boolean;
  private mayHaveLost = false;
  private numerator = new Float64Array();
  private firstWeight = 0;
  private weight = 0;
  /** The model that training began from. */
  private model: Float32Array = new Float32Array();
  private readonly sent = new Map<string, LinkSums>();
  private readonly heard = new Map<string, LinkSums>();

  /**
   * @param isRestart of a node that has lost its memory: sums that began before it cannot be told from what it took in already, and
   * it takes in only what they grow by from now on.
   */
  constructor(shapes: readonly MatrixShape[], prng: Prng, isRestart: boolean) {
    this.shapes = shapes;
    this.prng = prng;
    this.hasForgotten = isRestart;
  }

  begin(weights: Float32Array, samples: number): void {
    // A node without rows takes part in the averaging too.
    this.firstWeight = Math.max(1, samples);
    this.weight = this.firstWeight;
    this.numerator = Float64Array.from(weights, (value) => value * this.weight);
    this.model = weights;
  }

  send(weights: Float32Array, peers: readonly string[]): Outgoing {
    // As it is, unless training has changed it: dividing by the weight has rounded the model.
    if (weights !== this.model) this.numerator = Float64Array.from(weights, (value) => this.weight * value);
    const share = this.weight < weightShareMin * this.firstWeight ? 0 : 1 / (peers.length + 1);
    const shares = this.numerator.map((value) => share * value);
    const weightShare = share * this.weight;
    return { pushes: peers.flatMap((peer) => this.push(peer, shares, weightShare, peers) ?? []) };
  }

  private push(peer: string, shares: Float64Array, weightShare: number, peers: readonly string[]) {
    const { numerator } = this;
    const link = this.sent.get(peer) ?? this.newLink(peer, peers);
    const sums = link.numerator.map((sum, i) => sum + (shares[i] as number));
    const weight = link.weight + weightShare;
    if (!allFinite(sums) || !Number.isFinite(weight)) {
      // Such sums come of what a member made up. Nothing more is given over this link.
      return undefined;
    }
    for (let i = 0; i < sums.length; i++) {
      const given = (sums[i] as number) - (link.numerator[i] as number);
      numerator[i] = (numerator[i] as number) - given;
    }
    this.weight -= weight - link.weight;
    Object.assign(link, { numerator: sums, weight, sequence: link.sequence + 1 });
    const { epoch, sequence } = link;
    return { peer, payload: encodePayload(sums, this.shapes, 'float32'), mass: { epoch, sequence, weight } };
  }

  /** Sums of an epoch never shrink. */
  refusal({ peer, mass }: Arrived): PeerErrorCode | undefined {
    if (mass === undefined) return 'malformed';
    const known = this.heard.get(peer);
    const isOlder = known?.epoch === mass.epoch && mass.sequence > known.sequence && mass.weight < known.weight;
    return isOlder ? 'malformed' : undefined;
  }

  mix(_own: Own, received: readonly Arrived[]): Float32Array {
    if (this.takeAll(received)) return this.model;
    // What a member made up must not end this one. Sums that would are left out, and stay on their way.
    for (const update of received) this.takeAll([update]);
    this.model = this.divided();
    return this.model;
  }

  /** Takes the updates in; none of them, where the model would not stay finite. */
  private takeAll(received: readonly Arrived[]): boolean {
    const { numerator, weight } = this;
    const taken = received.map((update) => ({ update, change: this.changeOf(update) }));
    this.numerator = numerator.slice();
    for (const { change } of taken) {
      if (change === undefined) continue;
      const { sums, before, weight: more } = change;
      for (let i = 0; i < sums.length; i++) {
        this.numerator[i] = (this.numerator[i] as number) + ((sums[i] as number) - (before?.[i] ?? 0));
      }
      this.weight += more;
    }
    const model = this.divided();
    if (!allFinite(model) || !(this.weight <= weightMax)) {
      this.numerator = numerator;
      this.weight = weight;
      return false;
    }
    this.model = model;
    const peers = received.map(({ peer }) => peer);
    for (const { update } of taken) this.noteHeard(update, peers);
    return true;
  }

  /** By how much an update's sums have grown since the latest of its sender; undefined where that is nothing to take in. */
  private changeOf({ peer, weights, mass }: Arrived) {
    const { epoch, sequence, weight } = mass as Mass;
    const known = this.heard.get(peer);
    const sums = weights as Float32Array;
    if (known?.epoch !== epoch) {
      const isUnsure = this.hasForgotten && sequence > 1;
      return isUnsure ? undefined : { sums, before: undefined, weight };
    }
    return sequence <= known.sequence ? undefined : { sums, before: known.numerator, weight: weight - known.weight };
  }

  private noteHeard({ peer, weights, mass }: Arrived, peers: readonly string[]): void {
    const { epoch, sequence, weight } = mass as Mass;
    const known = this.heard.get(peer);
    if (known?.epoch === epoch && sequence <= known.sequence) return;
    const sums = { epoch, sequence, weight, numerator: weights as Float32Array };
    if (remember(this.heard, peer, sums, peers)) {
      this.hasForgotten = true;
      this.mayHaveLost = true;
    }
  }

  rescale(express: (weights: Float32Array) => Float32Array): void {
    // The change of scaler is affine, and so linear in a pair of numerator and weight.
    const expressed = (values: Float32Array | Float64Array, weight: number) =>
      weight === 0
        ? values
        : express(Float32Array.from(values, (value) => value / weight)).map((value) => value * weight);
    for (const link of [...this.sent.values(), ...this.heard.values()]) {
      link.numerator = Float32Array.from(expressed(link.numerator, link.weight));
    }
    this.model = express(this.model);
    this.numerator = Float64Array.from(this.model, (value) => value * this.weight);
  }

  get mass(): MassBalance {
    return { held: this.weight, sent: this.sent, heard: this.heard, mayHaveLost: this.mayHaveLost };
  }

  private divided(): Float32Array {
    return Float32Array.from(this.numerator, (value) => value / this.weight);
  }

  private newLink(peer: string, peers: readonly string[]): LinkSums {
    const link = {
      epoch: this.prng.nextInt(2 ** 32),
      sequence: 0,
      numerator: new Float32Array(this.numerator.length),
      weight: 0,
    };
    if (remember(this.sent, peer, link, peers)) this.mayHaveLost = true;
    return link;
  }
}

/** Keeps a link as the one used last. Of too many, that of a peer which was away for longest is forgotten; then true. */
function remember(links: Map<string, LinkSums>, peer: string, link: LinkSums, peers: readonly string[]): boolean {
  links.delete(peer);
  links.set(peer, link);
  if (links.size <= linksMax) return false;
  const oldest = [...links.keys()].find((other) => other !== peer && !peers.includes(other));
  return oldest !== undefined && links.delete(oldest);
}

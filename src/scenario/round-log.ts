// Follows the rounds of all nodes of one gossip run. Owns what is counted and when a round is complete.
import type { CoreEvent } from '../gossip/protocol.ts';
import type { Trial } from './outcome.ts';

export class RoundLog {
  /** Root mean square distance of the nodes' weights from their mean, by round from round 1. */
  readonly consensusDistance: number[] = [];
  readonly staleness: Record<string, number> = {};
  readonly rounds = { all: 0, withUpdates: 0, mixed: 0 };
  private readonly trial: Trial;
  private readonly names: readonly string[];
  private readonly beganMs: number;
  private readonly open = new Map<number, { weights: Float32Array[]; losses: number[]; nodes: Set<string> }>();
  private readonly gone = new Set<string>();
  private readonly mixedFrom = new Map<string, number>();
  private delivered = 0;

  constructor(trial: Trial, names: readonly string[], beganMs: number) {
    this.trial = trial;
    this.names = names;
    this.beganMs = beganMs;
  }

  take(node: string, event: CoreEvent): void {
    if (event.type !== 'round') return;
    const { seed, record } = this.trial;
    const { round, loss, available, mixed, weights, atMs } = event;
    record({
      event: 'round',
      seed,
      method: 'gossip',
      node,
      round,
      atMs: atMs - this.beganMs,
      loss,
      available,
      mixed: mixed.length,
    });
    this.rounds.all++;
    if (available > 0) this.rounds.withUpdates++;
    if (mixed.length > 0) this.rounds.mixed++;
    for (const { peer, stalenessRounds } of mixed) {
      this.staleness[stalenessRounds] = (this.staleness[stalenessRounds] ?? 0) + 1;
      const edge = JSON.stringify([peer, node]);
      this.mixedFrom.set(edge, (this.mixedFrom.get(edge) ?? 0) + 1);
    }
    this.delivered += available;
    const gathered = this.open.get(round) ?? { weights: [], losses: [], nodes: new Set() };
    this.open.set(round, gathered);
    gathered.weights.push(weights);
    gathered.losses.push(loss);
    gathered.nodes.add(node);
    this.closeIfComplete(round);
  }

  /** A node that is down for ever is not waited for: rounds are complete without it. */
  leave(node: string): void {
    this.gone.add(node);
    for (const round of [...this.open.keys()].sort((a, b) => a - b)) this.closeIfComplete(round);
  }

  private closeIfComplete(round: number): void {
    const gathered = this.open.get(round);
    if (gathered === undefined || gathered.nodes.size + this.gone.size < this.names.length) return;
    if (!this.names.every((name) => gathered.nodes.has(name) || this.gone.has(name))) return;
    const { seed, record, onRound } = this.trial;
    this.open.delete(round);
    const distance = consensusDistanceOf(gathered.weights);
    this.consensusDistance[round - 1] = distance;
    record({ event: 'consensus', seed, round, distance });
    const meanLoss = gathered.losses.reduce((sum, value) => sum + value, 0) / gathered.losses.length;
    onRound({ round, loss: meanLoss, consensusDistance: distance, delivered: this.delivered });
  }

  /** The mixing graph as it was, with node names by peer id. */
  edges(nameOf: ReadonlyMap<string, string>): { from: string; to: string; mixed: number }[] {
    return [...this.mixedFrom].sort().map(([edge, mixed]) => {
      const [peer, to] = JSON.parse(edge) as [string, string];
      return { from: nameOf.get(peer) ?? peer, to, mixed };
    });
  }
}

/** Root mean square over the nodes of ‖xᵢ − x̄‖₂ (the consensus distance Ξ of Kong et al., arXiv 2102.04828, equation 2). */
export function consensusDistanceOf(models: readonly Float32Array[]): number {
  const mean = new Float64Array(models[0]?.length ?? 0);
  // Model after model: with thousands of models, going across them would miss the caches at every step.
  for (const weights of models)
    for (let k = 0; k < mean.length; k++) mean[k] = (mean[k] as number) + (weights[k] as number);
  let squares = 0;
  for (const weights of models) {
    for (let k = 0; k < mean.length; k++)
      squares += ((weights[k] as number) - (mean[k] as number) / models.length) ** 2;
  }
  return Math.sqrt(squares / models.length);
}

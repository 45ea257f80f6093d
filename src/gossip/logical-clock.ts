// What a round number means between nodes that start at different times and run at different speeds. Owns how the clock
// moves and from where the age of an update counts; knows no messages.

/** The greatest round that a message can carry. */
const roundMax = 0xffff_ffff;

/**
 * A logical clock (Lamport, Time, clocks, and the ordering of events in a distributed system, 1978) in rounds: it goes on
 * by one with each round of this node and follows the later rounds it hears of. Peers may lie: what they claim moves it
 * by a bounded step, and ages count from a median, so that claims far ahead do not make everyone else's updates old.
 */
export class LogicalClock {
  private readonly aheadMaxRounds: number;
  private now = 0;
  private newestHeard = 0;

  /** @param aheadMaxRounds the furthest that an update may be ahead. */
  constructor(aheadMaxRounds: number) {
    this.aheadMaxRounds = aheadMaxRounds;
  }

  /** The round of this node's latest update. */
  get round(): number {
    return this.now;
  }

  /** Goes on by one: a round of this node is trained. */
  tick(): void {
    this.now = Math.min(this.now + 1, roundMax);
  }

  /** Takes over the round of a model that this node takes over. */
  set(round: number): void {
    this.now = round;
  }

  /** True where `round` is further ahead than an update may be. */
  isAhead(round: number): boolean {
    return round > this.now + this.aheadMaxRounds;
  }

  /** Notes a round that a peer claims, also one too far ahead: after a long partition the clocks must meet again. */
  hear(round: number): void {
    this.newestHeard = Math.max(this.newestHeard, round);
  }

  /**
   * Moves to the latest round heard since the last time, by a tenth of aheadMaxRounds at most: who follows a liar at that
   * pace does not itself seem too far ahead to its neighbours.
   */
  follow(): void {
    const step = Math.ceil(this.aheadMaxRounds / 10);
    this.now = Math.max(this.now, Math.min(this.newestHeard, this.now + step));
    this.newestHeard = 0;
  }

  /**
   * The round from which the ages of the updates at hand count, given their rounds: this node's, or their median where
   * there are several and that is lower. So at least half of several updates are never old, whatever the others claim.
   */
  reference(rounds: readonly number[]): number {
    return rounds.length < 2 ? this.now : Math.min(this.now, upperMedian(rounds));
  }

  /**
   * Synchronous rounds: moves to the median of the neighbours' latest rounds where that is two ahead or more. A neighbour
   * is two ahead only where it stopped waiting for this node: nothing of this node's round is to come any more.
   */
  rejoin(neighbourRounds: readonly number[]): void {
    if (neighbourRounds.length === 0) return;
    const theirs = upperMedian(neighbourRounds);
    if (theirs >= this.now + 2) this.now = theirs;
  }
}

/** The middle value; the greater of the two where there are two. At least one value is given. */
function upperMedian(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number;
}

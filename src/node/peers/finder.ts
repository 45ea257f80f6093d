// Dials the candidates when they are due, and again when they are lost. Owns the times and the bounds of dialing; knows
// connections only through its port, and where candidates come from not at all.
import type { Clock } from '../../lib/clock.ts';
import { reasonOf } from './addresses.ts';
import type { Candidate, Candidates } from './candidates.ts';
import { connectionsWanted, heardDialsBurst, heardDialsPerSecond, TokenBucket } from './limits.ts';

/** How the finder reaches the network. */
export interface DialPort {
  /** Connects to the peer at one of `addresses`, and gives its peer id. Rejects with the reason. */
  dial(addresses: readonly string[], peer: string | undefined, signal: AbortSignal): Promise<string>;
  /** Whether `error` says that the address is this gateway itself. */
  isSelf(error: unknown): boolean;
  /** Whether `peer` may be dialed at the moment. */
  mayDial(peer: string): boolean;
  /** Connected peers. */
  connected(): number;
}

/** At the same time: each dial may take ten seconds where the peer is switched off. */
const dialsMax = 8;
/** A dial with name resolution over a slow radio link ends by itself in less. */
const dialTimeoutMs = 10_000;
/** Who is due but not dialed now, since there are dials or connections enough or the peer is shut out, is looked at again then. */
const lookAgainMs = 1000;

/** Keeps this gateway connected: with every configured peer, and with up to `connectionsWanted` in all. */
export class PeerFinder {
  readonly candidates: Candidates;
  private readonly port: DialPort;
  private readonly onUnreachable: (candidate: Candidate) => void;
  private readonly heardDials: TokenBucket;
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private dials = 0;

  /** @param onUnreachable an attempt came to nothing, and that is news; the candidate has the reason. */
  constructor(candidates: Candidates, port: DialPort, onUnreachable: (candidate: Candidate) => void, clock: Clock) {
    this.candidates = candidates;
    this.port = port;
    this.onUnreachable = onUnreachable;
    this.heardDials = new TokenBucket(heardDialsBurst, heardDialsPerSecond, clock);
  }

  /** Dials whoever is due, and sets the timer for who comes next. To be called after each change of the candidates. */
  look(): void {
    if (this.stopping.signal.aborted) return;
    clearTimeout(this.timer);
    let waiting = false;
    for (const candidate of this.candidates.due()) {
      const isConfigured = candidate.origin === 'configured';
      const wanted = isConfigured || this.port.connected() + this.dials < connectionsWanted;
      const allowed = candidate.peer === undefined || this.port.mayDial(candidate.peer);
      const may = wanted && allowed && this.dials < dialsMax && (isConfigured || this.heardDials.take(1));
      if (may) this.dial(candidate);
      else waiting = true;
    }
    const inMs = this.candidates.nextDueInMs();
    if (inMs !== undefined) this.timer = setTimeout(() => this.look(), waiting ? lookAgainMs : inMs);
  }

  stop(): void {
    this.stopping.abort(new Error('the gateway stops'));
    clearTimeout(this.timer);
  }

  private dial(candidate: Candidate): void {
    this.dials++;
    this.candidates.dialing(candidate);
    const signal = AbortSignal.any([this.stopping.signal, AbortSignal.timeout(dialTimeoutMs)]);
    this.port
      .dial(candidate.addresses, candidate.peer, signal)
      .then(
        (peer) => this.candidates.reached(candidate, peer),
        (error: unknown) => {
          if (this.stopping.signal.aborted) return;
          if (this.port.isSelf(error)) return this.candidates.drop(candidate);
          if (this.candidates.failed(candidate, reasonOf(error))) this.onUnreachable(candidate);
        },
      )
      .finally(() => {
        this.dials--;
        this.look();
      });
  }
}

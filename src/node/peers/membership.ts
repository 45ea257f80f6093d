// Who may take part: everyone, or the members of the newest roster that the federation's owner has signed. Pure: closes no
// connection and asks nobody.

/** What a verified roster says; see roster.ts. */
export interface Members {
  /** From 1; the greatest one counts. */
  version: number;
  /** Peer ids in base58. */
  members: readonly string[];
}

/** A roster as it came, and what it says. */
interface Held {
  bytes: Uint8Array;
  version: number;
  members: ReadonlySet<string>;
}

/** Reads a roster and checks the owner's signature. Throws PeerError. */
export type VerifyRoster = (bytes: Uint8Array) => Members;

/**
 * Decides from the newest roster. Without an owner everyone may take part; as long as there is an owner but no roster,
 * everyone may connect, to ask and be asked for it.
 */
export class Membership {
  private verify: VerifyRoster | undefined;
  private readonly onReplaced: (version: number) => void;
  private held: Held | undefined;

  /** @param onReplaced a newer roster took the place of the older one. */
  constructor(onReplaced: (version: number) => void) {
    this.onReplaced = onReplaced;
  }

  /** From now on an owner decides, whose signature `verify` checks. */
  restrict(verify: VerifyRoster): void {
    this.verify = verify;
  }

  /** Version of the roster that counts; 0 where there is none. */
  get version(): number {
    return this.held?.version ?? 0;
  }

  /** The roster that counts, to be passed on; empty where there is none. */
  get bytes(): Uint8Array {
    return this.held?.bytes ?? new Uint8Array();
  }

  /** Whether it is settled who is a member. Before that, models must not be exchanged. */
  get known(): boolean {
    return this.verify === undefined || this.held !== undefined;
  }

  /** Whether a federation's owner decides. */
  get restricted(): boolean {
    return this.verify !== undefined;
  }

  isAllowed(peer: string): boolean {
    return this.held === undefined || this.held.members.has(peer);
  }

  /**
   * Takes a roster from anywhere; true where it is newer than the one held, which it then replaces. Throws what `verify`
   * throws. Where there is no owner, rosters mean nothing.
   */
  offer(bytes: Uint8Array): boolean {
    if (this.verify === undefined) return false;
    const { version, members } = this.verify(bytes);
    if (version <= this.version) return false;
    this.held = { bytes: new Uint8Array(bytes), version, members: new Set(members) };
    this.onReplaced(version);
    return true;
  }
}

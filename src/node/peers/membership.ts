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

export interface MembershipOptions {
  /** Reads a roster and checks the owner's signature, throwing PeerError. Left out where the federation has no owner: everyone may take part. */
  verify?: (bytes: Uint8Array) => Members;
  /** A newer roster took the place of the older one. */
  onReplaced(version: number): void;
}

/** Decides from the newest roster. As long as there is an owner but no roster, everyone may connect, to ask and be asked for it. */
export class Membership {
  private readonly options: MembershipOptions;
  private held: Held | undefined;

  constructor(options: MembershipOptions) {
    this.options = options;
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
    return this.options.verify === undefined || this.held !== undefined;
  }

  /** Whether a federation's owner decides. */
  get restricted(): boolean {
    return this.options.verify !== undefined;
  }

  isAllowed(peer: string): boolean {
    return this.held === undefined || this.held.members.has(peer);
  }

  /**
   * Takes a roster from anywhere; true where it is newer than the one held, which it then replaces. Throws what `verify`
   * throws. Where there is no owner, rosters mean nothing.
   */
  offer(bytes: Uint8Array): boolean {
    if (this.options.verify === undefined) return false;
    const { version, members } = this.options.verify(bytes);
    if (version <= this.version) return false;
    this.held = { bytes: new Uint8Array(bytes), version, members: new Set(members) };
    this.options.onReplaced(version);
    return true;
  }
}

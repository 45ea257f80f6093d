// What can be wrong with a peer's input, and what follows from it. Owns the codes; counts and penalises nothing.

/** What the transport does with a message: 'ignore' drops it, 'reject' drops it and lowers the sender's standing. */
export type PeerAction = 'ignore' | 'reject';

/** Every code with its action. 'reject' only where no honest peer of this protocol can have sent it. */
const actions = {
  /** Not protobuf, a field twice, or a value out of its range: no correct encoder writes it. */
  malformed: 'reject',
  /** A length runs past the end: messages travel whole, so the sender built it wrong. */
  truncated: 'reject',
  /** More bytes than the federation's model and moments can need. */
  'too-large': 'reject',
  /** Honest: a fleet is not upgraded in one moment. */
  'wrong-protocol': 'ignore',
  /** Honest: peers of several federations may meet on one network and open streams to each other. */
  'wrong-federation': 'ignore',
  /** The federation id fixes the shapes, so every member knows them. */
  'wrong-shape': 'reject',
  /** A peer must not send weights or moments that are not finite, whatever its training did. */
  'non-finite': 'reject',
  /** The digest is computed from the payload by its sender. */
  'wrong-digest': 'reject',
  /** Honest: a newer release may know one more encoding or sparsifier. */
  'unknown-encoding': 'ignore',
  /** The federation id fixes encoding and sparsifier. */
  'wrong-encoding': 'reject',
  /** gossipsub's own check: a message on the topic without a signature that fits its sender. */
  unsigned: 'reject',
  /** A kind of message that does not belong where it came in, such as a pull on the topic. */
  'wrong-topic': 'reject',
  /** Where nothing is forwarded, every honest neighbour speaks for itself. */
  relayed: 'reject',
  /** Honest: a fast peer as seen by one that has just joined. */
  'future-round': 'ignore',
  /** Honest: a slow peer or a slow link. */
  stale: 'ignore',
  /** Honest: an earlier difference of the sender was lost, and this one means nothing without it. */
  'out-of-step': 'ignore',
  /** Honest: two routes to the same node. */
  duplicate: 'ignore',
  /** Honest: moments are still spreading, so the sender's scaler is older or newer than ours. */
  'wrong-scaler': 'ignore',
  /** Honest: the federation has outgrown the bound on origins. */
  'too-many-origins': 'ignore',
  /** Honest: the sender has moved on to a newer model since it announced the digest. */
  'not-held': 'ignore',
  /** Honest: a slow link, or a peer that hangs. */
  timeout: 'ignore',
  /** Honest: the peer was stopped in the middle. A stream that merely ends is no different: its connection may have gone down. */
  reset: 'ignore',
} as const satisfies Record<string, PeerAction>;

/** A stable name for what was wrong; results count messages by it. */
export type PeerErrorCode = keyof typeof actions;

/** Every code, in the order of docs/protocol.md. */
export const peerErrorCodes = Object.keys(actions) as readonly PeerErrorCode[];

/** Something wrong with what a peer sent. It is counted by code and never stops a node. */
export class PeerError extends Error {
  override name = 'PeerError';
  readonly code: PeerErrorCode;

  /** @param detail what was found and what was expected, for the log; never the peer's own text. */
  constructor(code: PeerErrorCode, detail?: string) {
    super(detail === undefined ? code : `${code}: ${detail}`);
    this.code = code;
  }
}

/** What the transport does with a message that fails with `code`. */
export function actionOf(code: PeerErrorCode): PeerAction {
  return actions[code];
}

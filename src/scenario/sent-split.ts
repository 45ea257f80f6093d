// What real nodes sent, split into payload, duplicates and control. Owns what is measured where; the simulator counts for
// itself.
import type { SentBytes } from '../gossip/sent-bytes.ts';

/** What one real node knows of its own bytes. */
export interface MeasuredBytes {
  /** Bytes written to streams of every protocol, before encryption. */
  total: number;
  /** The node's own messages, as handed to the network: it knows their recipients. */
  own: Pick<SentBytes, 'payload' | 'duplicates'>;
  /** Payload bytes of others' updates that gossipsub passed on: with exchange broadcast, and otherwise none. */
  forwarded: number;
  /** Payload bytes of the copies that came to this node again. */
  repeated: number;
}

/**
 * The bytes of each node by kind, in their order; each adds up to the node's `total`. Who forwards an update cannot see
 * whether it comes first, but who receives it can: the repeated copies of all are shared out in proportion to what
 * each has forwarded, so that their sum is right and each node's share an estimate. What was handed to the network and not
 * written when the node stopped is no payload.
 */
export function splitSent(nodes: readonly MeasuredBytes[]): SentBytes[] {
  const sum = (of: (node: MeasuredBytes) => number) => nodes.reduce((total, node) => total + of(node), 0);
  const forwarded = sum((node) => node.forwarded);
  const repeatedShare = forwarded === 0 ? 0 : Math.min(1, sum((node) => node.repeated) / forwarded);
  return nodes.map((node) => {
    const repeated = Math.round(node.forwarded * repeatedShare);
    const duplicates = Math.min(node.total, node.own.duplicates + repeated);
    const payload = Math.min(node.total - duplicates, node.own.payload + node.forwarded - repeated);
    return { payload, duplicates, control: node.total - payload - duplicates };
  });
}

// What gossipsub turns away before our validator sees it, and what it forwards by itself. Its metrics are the one place that
// tells; owns their reading.
import type { AvgMinMax, Gauge, Histogram, MetricsRegister } from '@chainsafe/libp2p-gossipsub/metrics';
import type { PeerErrorCode } from '../gossip/peer-error.ts';

type LabelsGeneric = Record<string, string | number>;

/** A register of metrics for gossipsub that only takes note of what was refused, forwarded or had come before. */
export class Refusals implements MetricsRegister {
  /**
   * Called for each message without a valid signature ('unsigned'), and for each packet on gossipsub's own stream that
   * is no RPC ('malformed').
   */
  onRefused: (code: PeerErrorCode) => void = nothing;
  /** Copies of others' messages that this host has passed on, one for each recipient. */
  forwarded = 0;
  /** Copies of messages that this host had got before. */
  repeated = 0;

  gauge<Labels extends LabelsGeneric>({ name }: { name: string }): Gauge<Labels> {
    if (name === 'gossipsub_msg_received_invalid_total') {
      return {
        ...unused,
        inc: ({ error }: { error: string }) => {
          // The other values are the verdicts of our own validator.
          if (error.startsWith('invalid_')) this.onRefused('unsigned');
        },
      } as unknown as Gauge<Labels>;
    }
    if (name === 'gossipsub_rpc_data_err_count_total') {
      return { ...unused, inc: () => this.onRefused('malformed') } as unknown as Gauge<Labels>;
    }
    if (name === 'gossipsub_msg_forward_peers_total') {
      return {
        ...unused,
        inc: (_labels: unknown, copies: number) => (this.forwarded += copies),
      } as unknown as Gauge<Labels>;
    }
    if (name === 'gossipsub_pre_validation_duplicate_total') {
      return { ...unused, inc: () => this.repeated++ } as unknown as Gauge<Labels>;
    }
    return unused as unknown as Gauge<Labels>;
  }

  histogram<Labels extends LabelsGeneric>(): Histogram<Labels> {
    return unused as unknown as Histogram<Labels>;
  }

  avgMinMax<Labels extends LabelsGeneric>(): AvgMinMax<Labels> {
    return unused as unknown as AvgMinMax<Labels>;
  }
}

function nothing(): void {
  // Only refusals are of interest.
}

const unused = {
  inc: nothing,
  set: nothing,
  addCollect: nothing,
  startTimer: () => nothing,
  observe: nothing,
  reset: nothing,
};

// The settings of a node's core, from what its federation has agreed on: the same for a scenario's nodes, on a real and on a
// simulated network, and for a gateway.
import type { CoreSettings } from '../gossip/protocol.ts';
import type { GossipSettings } from '../gossip/settings.ts';
import type { AutoencoderSpec } from '../model/engine.ts';
import { reparameterise, scaleFromMoments } from '../model/scaler.ts';
import { weightShapes } from '../model/weights.ts';
import { topicMessageBytesMax } from './host.ts';

/** Most origins of moments that one federation keeps; above it a scaler is better agreed at constant size. */
export const originsMax = 512;

/** What one node's core follows. */
export interface NodeTerms
  extends Pick<
    CoreSettings,
    'self' | 'stepsPerRound' | 'roundsMax' | 'roundIntervalMs' | 'originsExpected' | 'settleMs'
  > {
  spec: AutoencoderSpec;
  gossip: Omit<GossipSettings, 'roundIntervalMs'>;
  /** Whether the scaler is agreed on by gossip. */
  sharesScaler: boolean;
}

/** The core's settings, but for what it computes with. */
export function coreSettings({ spec, gossip, sharesScaler, ...own }: NodeTerms): CoreSettings {
  return {
    ...own,
    shapes: weightShapes(spec),
    exchange: gossip.exchange,
    mixing: gossip.mixing,
    byzantine: gossip.byzantine,
    clipRadius: gossip.clipRadius,
    ageGapMaxRounds: gossip.ageGapMaxRounds,
    consensusStep: gossip.consensusStep,
    rounds: gossip.rounds,
    encoding: gossip.encoding,
    sparsifier: gossip.sparsifier,
    keep: gossip.keep,
    fanout: gossip.fanout,
    stalenessMaxRounds: gossip.stalenessMaxRounds,
    aheadMaxRounds: 1000,
    roundTimeoutMs: gossip.roundTimeoutMs,
    inlinePayloadBytesMax: topicMessageBytesMax,
    scaler: sharesScaler
      ? {
          features: spec.features,
          originsMax,
          reparameterise: (weights, from, to) =>
            reparameterise(weights, spec, scaleFromMoments(from), scaleFromMoments(to)),
        }
      : undefined,
    spreadMs: 100,
  };
}

// From a scenario to what its nodes must agree on. Owns the manifest's content and what follows from its hash.
import { federationId, type JsonValue } from '../gossip/manifest.ts';
import { Prng } from '../lib/prng.ts';
import type { AutoencoderSpec, TrainSettings } from '../model/engine.ts';
import { initialWeights } from '../model/weights.ts';
import type { Scenario } from './schema.ts';

/** What one seed of a scenario gives to every method. */
export interface Agreement {
  /** Federation id: the hash of the manifest, 32 bytes. */
  federation: Uint8Array;
  spec: AutoencoderSpec;
  settings: TrainSettings;
  /** The weights that every method starts from. */
  weights: Float32Array;
}

/**
 * Independently initialised networks must not be averaged, so the first weights come from the hash of what determines
 * them: features, model and seed. Settings of the exchange are left out of that hash, so that scenarios which differ only
 * there start from the same weights and can be compared.
 */
export function agreementOf(scenario: Scenario, features: readonly string[], seed: number): Agreement {
  const { engine: _, workers: __, ...train } = scenario.train;
  const start = { features, model: scenario.model, seed } satisfies JsonValue;
  const { roundIntervalMs, byzantine, clipRadius, ageGapMaxRounds, consensusStep } = scenario.gossip;
  const gossip = {
    ...scenario.gossip,
    roundIntervalMs: roundIntervalMs ?? null,
    byzantine: byzantine ?? null,
    clipRadius: clipRadius ?? null,
    ageGapMaxRounds: ageGapMaxRounds ?? null,
    consensusStep: consensusStep ?? null,
  };
  const manifest = { ...start, train, gossip, scaler: scenario.federation.scaler } satisfies JsonValue;
  const spec: AutoencoderSpec = { ...scenario.model, features: features.length };
  return {
    federation: federationId(manifest),
    spec,
    settings: scenario.train,
    weights: initialWeights(spec, new Prng(Buffer.from(federationId(start)).toString('hex'))),
  };
}

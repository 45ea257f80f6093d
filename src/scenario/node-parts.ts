// What a node of a scenario is put together from, on a real and on a simulated network alike: how it trains, what it mixes with,
// and the settings of its core. Starts nothing.
import { plainVectors, type VectorMath } from '../gossip/mixing.ts';
import type { CoreSettings } from '../gossip/protocol.ts';
import { createEngine } from '../model/create-engine.ts';
import type { Engine } from '../model/engine.ts';
import type { EnginePool } from '../model/engine-pool.ts';
import { createVectorKernel } from '../model/vectors.ts';
import { coreSettings } from '../node/core-settings.ts';
import type { PoolLearner, PoolLearnerOptions } from './learner.ts';
import type { Agreement } from './manifest.ts';
import type { MemberConfig } from './member.ts';
import type { Scenario } from './schema.ts';

/** What one core takes to deliver a node's updates of a round, about: on one machine a round should not be shorter for all nodes together. */
const deliveryMsPerNode = 4;

/** Of a node's configuration what its training depends on. */
export type LearnerConfig = Pick<MemberConfig, 'spec' | 'settings' | 'train' | 'seed' | 'data' | 'scale'>;

/** What a process's nodes mix with. */
export interface MixingTools {
  vectors: VectorMath;
  /** Scores models on this thread; given where the mixing rule asks for losses. */
  scorer: Engine | undefined;
}

/** The vector kernel where the pool trains on the kernel, so that it is known to run here. */
export async function mixingTools(
  pool: EnginePool,
  { spec, settings }: Agreement,
  { gossip: { mixing }, train }: Pick<Scenario, 'gossip' | 'train'>,
): Promise<MixingTools> {
  return {
    vectors: pool.name.startsWith('simd') ? createVectorKernel() : plainVectors,
    scorer: mixing === 'loss-weighted' ? await createEngine(train.engine, spec, settings) : undefined,
  };
}

/** How a node trains, the same on a real and on a simulated network. */
export function learnerOptions(
  { spec, settings, train, seed, data, scale }: LearnerConfig,
  pool: EnginePool,
  { scorer }: MixingTools,
): PoolLearnerOptions {
  // A node that has no rows held out measures models by its training rows.
  const table = data.validate.rows > 0 ? data.validate : data.train;
  return {
    pool,
    spec,
    settings,
    stepsPerRound: train.stepsPerRound,
    seed: String(seed),
    data,
    lossOn: scorer && { engine: scorer, table },
    ...(scale && { scale }),
  };
}

/** What a node's core mixes with. */
export function mixingOf(
  { vectors, scorer }: MixingTools,
  learner: () => PoolLearner,
): Pick<CoreSettings, 'vectors' | 'lossOf'> {
  return { vectors, ...(scorer && { lossOf: (weights: Float32Array) => learner().lossOf(weights) }) };
}

/** The settings of a scenario node's core, the same on a real and on a simulated network. */
export function memberSettings(
  { spec, gossip, train, members, scale }: Pick<MemberConfig, 'spec' | 'gossip' | 'train' | 'members' | 'scale'>,
  self: string,
): CoreSettings {
  return coreSettings({
    self,
    spec,
    gossip,
    sharesScaler: scale === undefined,
    stepsPerRound: train.stepsPerRound,
    roundsMax: train.rounds,
    roundIntervalMs: gossip.roundIntervalMs ?? members * deliveryMsPerNode,
    originsExpected: members,
    settleMs: 15_000,
  });
}

// What gossip is compared with. Each baseline starts from the same weights and trains on as many samples.

import type { NodeData } from '../data/types.ts';
import { mixingRules } from '../gossip/mixing.ts';
import { monotonicClock } from '../lib/clock.ts';
import type { Dataset } from '../model/engine.ts';
import type { Scale } from '../model/scaler.ts';
import { statisticScores } from '../model/statistic.ts';
import { type Checkpoint, isCurveRound } from './curve.ts';
import { type ScoringModel, scoringModel, stacked } from './evaluate.ts';
import { fleetNodes } from './fleet-sample.ts';
import { PoolLearner } from './learner.ts';
import type { Outcome, Trial } from './outcome.ts';
import type { MethodName } from './results.ts';
import { fixedScale, localScale, pooledScale } from './scales.ts';

type Baseline = Exclude<MethodName, 'gossip'>;

/** Every baseline by name. Each rejects with the signal's reason when the trial is aborted. */
export const baselines: Record<Baseline, (trial: Trial) => Promise<Outcome>> = {
  centralised,
  fedavg,
  local,
  statistic: (trial) => statistic(trial, trial.prepared.nodes.map(localScale)),
  'shared-statistic': (trial) => {
    const scale = sharedScale(trial);
    return statistic(
      trial,
      trial.prepared.nodes.map(() => scale),
    );
  },
};

/** One model trained on the rows of all nodes together, for as many steps as all nodes do together. */
async function centralised(trial: Trial): Promise<Outcome> {
  const { prepared, scenario, agreement, pool, signal } = trial;
  const { rounds, stepsPerRound } = scenario.train;
  const scale = sharedScale(trial);
  const learner = learnerOf(trial, { name: 'all', train: stacked(prepared.nodes.map(({ train }) => train)) }, scale);
  const steps = stepsPerRound * prepared.nodes.length;
  const report = roundReporter(trial, 'centralised');
  const checkpoints: Checkpoint[] = [];
  let weights = agreement.weights;
  for (let round = 1; round <= rounds; round++) {
    const result = await learner.train(round, weights, signal, steps);
    weights = result.weights;
    report(round, [{ node: 'all', loss: result.loss }]);
    checkpoints.push(...sharedModel(trial, round, () => scoringModel(pool, scale, result.weights), 0));
  }
  const model = scoringModel(pool, scale, weights);
  const models = prepared.nodes.map(() => model);
  return outcome(trial, models, samplesOf(trial), 0, checkpoints);
}

/** FedAvg with a server and full participation, weighted by training rows (arXiv 1602.05629, algorithm 1). */
async function fedavg(trial: Trial): Promise<Outcome> {
  const { prepared, scenario, agreement, pool, signal } = trial;
  const scale = sharedScale(trial);
  const learners = prepared.nodes.map((node) => learnerOf(trial, node, scale));
  const report = roundReporter(trial, 'fedavg');
  const checkpoints: Checkpoint[] = [];
  // One upload a node and round; what the server sends back is not the node's.
  const bytesARound = agreement.weights.byteLength;
  let weights = agreement.weights;
  for (let round = 1; round <= scenario.train.rounds; round++) {
    const results = await Promise.all(learners.map((learner) => learner.train(round, weights, signal)));
    const updates = results.map((result, i) => {
      const node = prepared.nodes[i] as NodeData;
      return {
        peer: node.name,
        weights: result.weights,
        round,
        samples: node.train.rows,
        degree: 0,
        stalenessRounds: 0,
      };
    });
    weights = mixingRules['fedavg-all']({ weights, round, samples: 0, degree: 0 }, updates);
    report(
      round,
      results.map(({ loss }, i) => ({ node: (prepared.nodes[i] as NodeData).name, loss })),
    );
    const mixed = weights;
    checkpoints.push(...sharedModel(trial, round, () => scoringModel(pool, scale, mixed), round * bytesARound));
  }
  const model = scoringModel(pool, scale, weights);
  const models = prepared.nodes.map(() => model);
  return outcome(trial, models, samplesOf(trial), scenario.train.rounds * bytesARound, checkpoints);
}

/** Every node alone: nothing is shared, not even a scaler. */
async function local(trial: Trial): Promise<Outcome> {
  const { prepared, scenario, agreement, pool, signal } = trial;
  const report = roundReporter(trial, 'local');
  const trained = prepared.nodes.map((node) => {
    const scale = scenario.federation.scaler === 'fixed' ? fixedScale(scenario, prepared.features) : localScale(node);
    return { node, scale, learner: learnerOf(trial, node, scale), weights: agreement.weights };
  });
  const checkpoints: Checkpoint[] = [];
  for (let round = 1; round <= scenario.train.rounds; round++) {
    const losses = await Promise.all(
      trained.map(async (member) => {
        const result = await member.learner.train(round, member.weights, signal);
        member.weights = result.weights;
        return { node: member.node.name, loss: result.loss };
      }),
    );
    report(round, losses);
    if (!isCurveRound(round, scenario.evaluate.everyRounds, scenario.train.rounds)) continue;
    for (const { node, scale, weights } of fleetNodes(trained))
      checkpoints.push({ node: node.name, round, model: scoringModel(pool, scale, weights), bytesSent: 0 });
  }
  const models = trained.map(({ scale, weights }) => scoringModel(pool, scale, weights));
  return outcome(trial, models, samplesOf(trial), 0, checkpoints);
}

/** Mean squared z-score of a row, without a model: by the node's own training moments, or by those of all nodes together. */
async function statistic(trial: Trial, scales: readonly Scale[]): Promise<Outcome> {
  const byScale = new Map(
    scales.map((scale) => [scale, { scale, score: async (data: Dataset) => statisticScores(data) }]),
  );
  const models = scales.map((scale) => byScale.get(scale) as ScoringModel);
  return outcome(trial, models, 0, 0, []);
}

function learnerOf({ pool, agreement, scenario, seed }: Trial, data: Pick<NodeData, 'name' | 'train'>, scale: Scale) {
  const { spec, settings } = agreement;
  return new PoolLearner({
    pool,
    spec,
    settings,
    stepsPerRound: scenario.train.stepsPerRound,
    seed: String(seed),
    data,
    scale,
  });
}

/** What the nodes of a federation with a server would use. */
function sharedScale({ scenario, prepared }: Trial): Scale {
  return scenario.federation.scaler === 'fixed' ? fixedScale(scenario, prepared.features) : pooledScale(prepared.nodes);
}

function samplesOf({ scenario, prepared }: Trial): number {
  const { rounds, stepsPerRound, batchSize } = scenario.train;
  return prepared.nodes.length * rounds * stepsPerRound * batchSize;
}

/** The one model that all nodes hold after `round`, kept for each node that has a curve; nothing in other rounds. */
function sharedModel(
  { scenario: { evaluate, train }, prepared }: Trial,
  round: number,
  modelOf: () => ScoringModel,
  bytesSent: number,
): Checkpoint[] {
  if (!isCurveRound(round, evaluate.everyRounds, train.rounds)) return [];
  const model = modelOf();
  return fleetNodes(prepared.nodes).map(({ name: node }) => ({ node, round, model, bytesSent }));
}

/** What a node sends without peers is models alone. */
function outcome(
  trial: Trial,
  models: Outcome['models'],
  samplesTrained: number,
  payload: number,
  checkpoints: Checkpoint[],
): Outcome {
  return {
    models,
    samplesTrained,
    bytesSent: trial.prepared.nodes.map(() => ({ payload, duplicates: 0, control: 0 })),
    checkpoints,
    extraCpuSeconds: 0,
    extraPeakRssBytes: 0,
  };
}

function roundReporter({ seed, record, onRound }: Trial, method: Baseline) {
  const began = monotonicClock.nowMs();
  return (round: number, nodes: { node: string; loss: number }[]) => {
    const atMs = monotonicClock.nowMs() - began;
    for (const { node, loss } of nodes)
      record({ event: 'round', seed, method, node, round, atMs, loss, available: 0, mixed: 0 });
    const loss = nodes.reduce((sum, each) => sum + each.loss, 0) / nodes.length;
    onRound({ round, loss, consensusDistance: null, delivered: 0 });
  };
}

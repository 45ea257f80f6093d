// From a model to its metrics on each device's test rows. Owns the sets (own, fleet, unseen) and the threshold's data.
import type { FeatureTable, NodeData, PreparedData } from '../data/types.ts';
import type { Dataset } from '../model/engine.ts';
import type { EnginePool } from '../model/engine-pool.ts';
import { auprc, auroc, confusion } from '../model/metrics.ts';
import { applyScale, type Scale } from '../model/scaler.ts';
import { type ThresholdRule, thresholdOf } from '../model/threshold.ts';
import { fleetNodes } from './fleet-sample.ts';
import type { EvaluationSet, MetricName } from './results.ts';

/** A model with its scale, ready to score raw rows. */
export interface ScoringModel {
  scale: Scale;
  /** Absent where the method has no model. */
  weights?: Float32Array;
  /** Anomaly score of each scaled row. */
  score(data: Dataset): Promise<Float32Array>;
}

/** Scores with these weights on the pool's threads. */
export function scoringModel(pool: EnginePool, scale: Scale, weights: Float32Array): ScoringModel {
  return { scale, weights, score: (data) => pool.score(weights, data) };
}

/** One model's metrics on one set of rows. */
export interface Evaluation {
  set: EvaluationSet;
  /** Node name; for 'unseen' the node and the unseen device, as 'WELL-00001 on WELL-00007'. */
  device: string;
  metrics: Record<MetricName, number | null>;
}

/** Nodes that are evaluated at a time: enough to keep every training thread busy, and few tables of scaled rows. */
const nodesAtOnce = 16;

/**
 * Evaluates each node's model on its own test rows, and those of fleetNodes() on everyone's and on those of devices that never
 * took part. `models` has one for each node, in order; rows are scored once by a model that several nodes hold.
 */
export async function evaluate(
  models: readonly ScoringModel[],
  prepared: PreparedData,
  rule: ThresholdRule,
): Promise<Evaluation[]> {
  const scores = new ScoreBook();
  const sample = new Set(fleetNodes(prepared.nodes));
  const fleet = stacked([...sample].map(({ test }) => test));
  const ofNode = async (node: NodeData, model: ScoringModel): Promise<Evaluation[]> => {
    // The threshold comes from held-out normal rows; a node with too few recordings to hold any out uses its training rows.
    const normal = node.validate.rows > 0 ? node.validate : node.train;
    const threshold = thresholdOf(await scores.of(model, normal), rule);
    const own = metricsOf(await scores.of(model, node.test), node.test.labels, threshold);
    const evaluations: Evaluation[] = [{ set: 'own', device: node.name, metrics: own }];
    if (!sample.has(node)) return evaluations;

    const onFleet = metricsOf(await scores.of(model, fleet), fleet.labels, threshold);
    evaluations.push({ set: 'fleet', device: node.name, metrics: onFleet });

    for (const unseen of prepared.unseen) {
      evaluations.push({
        set: 'unseen',
        device: `${node.name} on ${unseen.name}`,
        metrics: metricsOf(await scores.of(model, unseen.test), unseen.test.labels, threshold),
      });
    }
    return evaluations;
  };
  const evaluations: Evaluation[] = [];
  for (let from = 0; from < prepared.nodes.length; from += nodesAtOnce) {
    const some = prepared.nodes.slice(from, from + nodesAtOnce);
    const found = await Promise.all(some.map((node, i) => ofNode(node, models[from + i] as ScoringModel)));
    evaluations.push(...found.flat());
  }
  return evaluations;
}

/** The scores of each table by each model, made when first asked for. */
class ScoreBook {
  private readonly known = new Map<ScoringModel, Map<FeatureTable, Promise<Float32Array>>>();

  of(model: ScoringModel, table: FeatureTable): Promise<Float32Array> {
    const ofModel = this.known.get(model) ?? new Map<FeatureTable, Promise<Float32Array>>();
    this.known.set(model, ofModel);
    const scores = ofModel.get(table) ?? scoresOf(model, table);
    ofModel.set(table, scores);
    return scores;
  }
}

/** Anomaly score of each row of a raw table. */
export function scoresOf(model: ScoringModel, table: FeatureTable): Promise<Float32Array> {
  if (table.rows === 0) return Promise.resolve(new Float32Array());
  return model.score(applyScale(table.values, table.features.length, model.scale));
}

function metricsOf(scores: Float32Array, labels: Uint8Array, threshold: number): Record<MetricName, number | null> {
  const { f1, fpr, recall } = confusion(scores, labels, threshold);
  return { auroc: auroc(scores, labels), auprc: auprc(scores, labels), f1, fpr, recall };
}

/** The rows of all tables as one. At least one table; all have the same features. */
export function stacked(tables: readonly FeatureTable[]): FeatureTable {
  const { features } = tables[0] as FeatureTable;
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const values = new Float64Array(rows * features.length);
  const labels = new Uint8Array(rows);
  let row = 0;
  for (const table of tables) {
    values.set(table.values, row * features.length);
    labels.set(table.labels, row);
    row += table.rows;
  }
  return { features, rows, values, labels };
}

// Learning curves: after which rounds models are kept, how they score, and what a target cost. The models are scored after
// the run, so that evaluation takes no time from it.
import type { FeatureTable } from '../data/types.ts';
import { auroc } from '../model/metrics.ts';
import { type ScoringModel, scoresOf } from './evaluate.ts';
import type { BytesToTarget, CurvePoint } from './results.ts';
import { mean } from './statistics.ts';

/** One node's model part-way. */
export interface Checkpoint {
  node: string;
  /** The node's own rounds, from 1. */
  round: number;
  model: ScoringModel;
  /** Bytes the node had sent by then. */
  bytesSent: number;
}

/** Most points of a curve: each keeps a model of every node in memory. */
export const curvePointsMax = 500;

/** Whether models are kept after `round`: every so many rounds, and after the last. Never where `everyRounds` is undefined. */
export function isCurveRound(round: number, everyRounds: number | undefined, rounds: number): boolean {
  return everyRounds !== undefined && (round % everyRounds === 0 || round === rounds);
}

/**
 * The learning curve of one seed, by round: AUROC of each kept model on its node's own test rows, mean and worst over the
 * nodes that have both normal and anomalous rows. Of a node that was set back and did a round twice the first model counts.
 */
export async function curveOf(
  checkpoints: readonly Checkpoint[],
  nodes: readonly { name: string; test: FeatureTable }[],
): Promise<CurvePoint[]> {
  const tests = new Map(nodes.map(({ name, test }) => [name, test]));
  const byRound = new Map<number, Map<string, Checkpoint>>();
  for (const checkpoint of checkpoints) {
    const kept = byRound.get(checkpoint.round) ?? new Map<string, Checkpoint>();
    byRound.set(checkpoint.round, kept);
    if (!kept.has(checkpoint.node)) kept.set(checkpoint.node, checkpoint);
  }
  const points: CurvePoint[] = [];
  for (const [round, kept] of [...byRound].sort(([a], [b]) => a - b)) {
    const found = await Promise.all(
      [...kept.values()].map(async ({ node, model }) => {
        const test = tests.get(node) as FeatureTable;
        return auroc(await scoresOf(model, test), test.labels);
      }),
    );
    const values = found.filter((value) => value !== null);
    points.push({
      round,
      auroc: values.length === 0 ? null : mean(values),
      worst: values.length === 0 ? null : Math.min(...values),
      bytesSentPerNode: mean([...kept.values()].map(({ bytesSent }) => bytesSent)),
    });
  }
  return points;
}

/** The mean of the seeds' curves, by round; of each figure over the seeds that have it. */
export function meanCurve(perSeed: readonly (readonly CurvePoint[])[]): CurvePoint[] {
  const byRound = new Map<number, CurvePoint[]>();
  for (const point of perSeed.flat()) byRound.set(point.round, [...(byRound.get(point.round) ?? []), point]);
  const meanOrNull = (values: readonly (number | null)[]) => {
    const found = values.filter((value) => value !== null);
    return found.length === 0 ? null : mean(found);
  };
  return [...byRound]
    .sort(([a], [b]) => a - b)
    .map(([round, points]) => ({
      round,
      auroc: meanOrNull(points.map((point) => point.auroc)),
      worst: meanOrNull(points.map((point) => point.worst)),
      bytesSentPerNode: mean(points.map((point) => point.bytesSentPerNode)),
    }));
}

/**
 * Bytes a node had sent at the first point of each seed's curve whose mean AUROC is at or above `target`. Nothing is
 * interpolated: what lies between two points counts as the later one, so curves with points at the same rounds are compared.
 */
export function bytesToTarget(perSeed: readonly (readonly CurvePoint[])[], target: number): BytesToTarget {
  const bytes = perSeed.map(
    (curve) => curve.find((point) => point.auroc !== null && point.auroc >= target)?.bytesSentPerNode ?? null,
  );
  const reached = bytes.filter((value) => value !== null);
  return {
    target,
    bytesPerNode: reached.length === bytes.length && bytes.length > 0 ? mean(reached) : null,
    reached: reached.length,
    perSeed: bytes,
  };
}

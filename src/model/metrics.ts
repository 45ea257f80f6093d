// How well scores separate anomalous rows (label 1) from normal ones (label 0). Pure functions; no point adjustment.
import assert from 'node:assert/strict';

/** Rates at one threshold; null where the labels leave them undefined. */
export interface Confusion {
  /** 2·TP / (2·TP + FP + FN); null without anomalous rows. */
  f1: number | null;
  /** FP / normal rows; null without normal rows. */
  fpr: number | null;
  /** TP / anomalous rows; null without anomalous rows. */
  recall: number | null;
}

/**
 * Area under the ROC curve: the chance that an anomalous row scores above a normal one, a tie counting one half
 * (Hanley and McNeil, Radiology 143(1), 1982). In [0, 1]; null where one class is absent or a score is NaN.
 */
export function auroc(scores: ArrayLike<number>, labels: Uint8Array): number | null {
  const groups = tieGroups(scores, labels);
  if (groups === null) return null;
  let normalAbove = 0;
  let wins = 0;
  let anomalous = 0;
  for (const group of groups) {
    // Highest scores first: this group's anomalous rows lose to the normal rows above them.
    wins -= group.anomalous * (normalAbove + group.normal / 2);
    normalAbove += group.normal;
    anomalous += group.anomalous;
  }
  return (anomalous * normalAbove + wins) / (anomalous * normalAbove);
}

/**
 * Area under the precision-recall curve as average precision, Σ (Rₙ − Rₙ₋₁)·Pₙ over distinct scores, so that tied rows
 * enter together. In [0, 1]; null where one class is absent or a score is NaN.
 */
export function auprc(scores: ArrayLike<number>, labels: Uint8Array): number | null {
  const groups = tieGroups(scores, labels);
  if (groups === null) return null;
  let flagged = 0;
  let found = 0;
  let sum = 0;
  for (const { anomalous, normal } of groups) {
    flagged += anomalous + normal;
    found += anomalous;
    sum += anomalous * (found / flagged);
  }
  return sum / found;
}

/** Rates when a row is called anomalous if its score is above `threshold`; a NaN score never is. */
export function confusion(scores: ArrayLike<number>, labels: Uint8Array, threshold: number): Confusion {
  assert.equal(scores.length, labels.length, 'one label for each score');
  let anomalous = 0;
  let truePositives = 0;
  let falsePositives = 0;
  for (let i = 0; i < labels.length; i++) {
    const flagged = (scores[i] as number) > threshold;
    if (labels[i] === 1) {
      anomalous++;
      if (flagged) truePositives++;
    } else if (flagged) falsePositives++;
  }
  const normal = labels.length - anomalous;
  return {
    // TP + FN is the number of anomalous rows.
    f1: anomalous === 0 ? null : (2 * truePositives) / (truePositives + falsePositives + anomalous),
    fpr: normal === 0 ? null : falsePositives / normal,
    recall: anomalous === 0 ? null : truePositives / anomalous,
  };
}

interface TieGroup {
  anomalous: number;
  normal: number;
}

/** Rows of equal score counted by class, highest score first; null where a ranking is undefined. */
function tieGroups(scores: ArrayLike<number>, labels: Uint8Array): TieGroup[] | null {
  assert.equal(scores.length, labels.length, 'one label for each score');
  const order = Array.from(labels, (_, i) => i);
  if (order.some((i) => Number.isNaN(scores[i]))) return null;
  if (!labels.includes(0) || !labels.includes(1)) return null;
  order.sort((a, b) => {
    const [x, y] = [scores[a] as number, scores[b] as number];
    return x === y ? 0 : y - x;
  });
  const groups: TieGroup[] = [];
  let previous: number | undefined;
  for (const i of order) {
    if (scores[i] !== previous) groups.push({ anomalous: 0, normal: 0 });
    const group = groups.at(-1) as TieGroup;
    if (labels[i] === 1) group.anomalous++;
    else group.normal++;
    previous = scores[i];
  }
  return groups;
}

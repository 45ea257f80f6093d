// How the methods look and are called, the same in every table and chart. Each has a colour and a shape of its own, so
// that no reader depends on colour.
import type { MethodName, MetricName } from '../scenario/results.ts';
import { type Html, trusted } from './html.ts';

interface MethodStyle {
  /** In tables and legends. */
  label: string;
  /** Inside a sentence. */
  phrase: string;
  /** A CSS colour; the page defines the variable for light and for dark. */
  colour: string;
  /** SVG path in a box of 10 × 10. */
  shape: string;
}

/**
 * Colours were searched for the largest least difference under deuteranopia, protanopia and tritanopia (Machado and others,
 * 2009): any two differ by 27 or more (CIE76) in light and in dark, and each has a contrast of at least 3 with the page.
 */
export const methodStyles: Readonly<Record<MethodName, MethodStyle>> = {
  gossip: {
    label: 'Gossip',
    phrase: 'gossip',
    colour: 'var(--gossip)',
    shape: 'M0 5A5 5 0 1 1 10 5A5 5 0 1 1 0 5Z',
  },
  centralised: {
    label: 'Centralised',
    phrase: 'the centralised model',
    colour: 'var(--centralised)',
    shape: 'M5 0L10 5L5 10L0 5Z',
  },
  fedavg: {
    label: 'FedAvg',
    phrase: 'FedAvg',
    colour: 'var(--fedavg)',
    shape: 'M0 0L10 0L10 10L0 10Z',
  },
  local: {
    label: 'Local only',
    phrase: 'training alone',
    colour: 'var(--local)',
    shape: 'M5 0L10 10L0 10Z',
  },
  statistic: {
    label: 'Statistic',
    phrase: 'the plain statistic',
    colour: 'var(--statistic)',
    shape: 'M0 2L2 0L5 3L8 0L10 2L7 5L10 8L8 10L5 7L2 10L0 8L3 5Z',
  },
  'shared-statistic': {
    label: 'Shared statistic',
    phrase: 'the statistic with the shared scaler',
    colour: 'var(--shared-statistic)',
    shape: 'M3.5 0L6.5 0L6.5 3.5L10 3.5L10 6.5L6.5 6.5L6.5 10L3.5 10L3.5 6.5L0 6.5L0 3.5L3.5 3.5Z',
  },
};

/** Column heads, and which end of the metric is the good one. */
export const metricStyles: Readonly<Record<MetricName, { label: string; higherIsBetter: boolean }>> = {
  auroc: { label: 'AUROC', higherIsBetter: true },
  auprc: { label: 'AUPRC', higherIsBetter: true },
  f1: { label: 'F1', higherIsBetter: true },
  fpr: { label: 'FPR', higherIsBetter: false },
  recall: { label: 'Recall', higherIsBetter: true },
};

/** A method's shape in its colour, as a small picture in a line of text. */
export function methodGlyph(method: MethodName): Html {
  const { colour, shape } = methodStyles[method];
  return trusted(
    `<svg class="glyph" viewBox="0 0 10 10" aria-hidden="true"><path d="${shape}" fill="${colour}"/></svg>`,
  );
}

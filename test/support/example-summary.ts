// A whole, valid summary with made-up numbers for tests of what reads one.
import {
  type MethodName,
  type MethodSummary,
  metricNames,
  type SetMetrics,
  type Statistic,
  type Summary,
} from '../../src/scenario/results.ts';

const level: Record<MethodName, number> = {
  gossip: 0.95,
  centralised: 0.954,
  fedavg: 0.949,
  local: 0.972,
  statistic: 0.84,
  'shared-statistic': 0.84,
};

/** A finished run over five seeds (or one, without intervals) of all methods but those left out. */
export function exampleSummary(options: { seeds?: number; without?: MethodName[] } = {}): Summary {
  const seeds = Array.from({ length: options.seeds ?? 5 }, (_, index) => index + 1);
  const half = seeds.length > 1 ? 0.0123 : null;
  const names = (Object.keys(level) as MethodName[]).filter((name) => options.without?.includes(name) !== true);
  const gap = (name: MethodName) => {
    const mean = level[name] - level.gossip;
    return { mean, ci95: interval(mean, half), perSeed: seeds.map(() => mean) };
  };
  return {
    scenario: 'offshore-wells',
    rumormill: '0.1.0',
    incomplete: false,
    seeds,
    nodes: 8,
    rounds: 60,
    transport: 'tcp',
    engine: 'tfjs-wasm',
    notes: [
      'WELL-00007: one normal recording to train on; its threshold comes from the end of that recording.',
      'WELL-00003: no anomalous rows, so it trains and is not evaluated.',
    ],
    methods: Object.fromEntries(names.map((name) => [name, method(level[name], half)])),
    gap: Object.fromEntries(
      names.filter((name) => name !== 'gossip').map((name) => [name, { 'own.auroc': gap(name), 'own.f1': gap(name) }]),
    ),
    ratio: {},
    gossip: {
      consensusDistance: [0.4, 0.3, 0.2],
      spectralGap: null,
      deliveries: 2640,
      staleness: { 0: 2000, 1: 640 },
      rejected: { stale: 3 },
      rounds: { all: 480, withUpdates: 470, mixed: 470, tooFew: 0 },
    },
    expectations: [
      { claim: 'gap.centralised.own.auroc <= 0.01', value: 0.004, holds: true },
      { claim: 'gap.local.own.auroc <= 0.01', value: 0.022, holds: false },
    ],
    traceHash: null,
  };
}

function method(mean: number, half: number | null): MethodSummary {
  return {
    own: metrics(mean, half),
    fleet: metrics(mean - 0.03, half),
    unseen: null,
    samplesTrained: 307_200,
    bytesSentPerNode: {
      mean: 1_234_567,
      max: 2_345_678,
      split: { payload: 1_200_000, duplicates: 0, control: 34_567 },
    },
    curve: [],
    bytesToTarget: null,
    wallSeconds: 8.2,
    cpuSeconds: 12.5,
    peakRssBytes: 300_000_000,
  };
}

function metrics(mean: number, half: number | null): SetMetrics {
  const values = metricNames.map((name, index): [string, Statistic] => {
    const value = name === 'fpr' ? 0.012 : mean - index / 20;
    return [
      name,
      {
        mean: value,
        worst: name === 'fpr' ? 0.05 : value - 0.11,
        ci95: interval(value, half),
        perDevice: { 'WELL-00001': value, 'WELL-00002': value - 0.11, 'WELL-00003': null },
      },
    ];
  });
  return Object.fromEntries(values) as SetMetrics;
}

function interval(mean: number, half: number | null): [number, number] | null {
  return half === null ? null : [mean - half, mean + half];
}

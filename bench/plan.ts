// What is measured: tables of columns of rows, each row a job for a contender's process. Measures nothing.
import { encodings } from '../src/gossip/payload.ts';
import type { AutoencoderSpec } from '../src/model/engine.ts';
import { layerSizes, weightCount } from '../src/model/weights.ts';
import { mixerNames } from './contenders/mixing.ts';
import { autoencoder, models, sizesText, stepFlops } from './models.ts';
import type { Job } from './protocol.ts';

/** One row of a column. */
export interface Entry {
  /** The row's name. */
  row: string;
  /** Name of the contender's process. */
  contender: string;
  job: Job;
  /** What a unit of the job's amount counts for; 1 unless told. */
  factor?: number;
}

/** Entries that are measured in turn, so that they can be compared. The first is the reference. */
export interface Column {
  name: string;
  /** Above the column's values. */
  heading: string;
  entries: Entry[];
}

/** One table of the output. */
export interface Table {
  section: string;
  title: string;
  /** Of the values, as in the results. */
  unit: string;
  /** How a value comes from an answer: amount / seconds, seconds / amount, or the amount alone, times `scale`. */
  reads: 'rate' | 'time' | 'amount';
  scale: number;
  /** Whether the ratio is the reference by the row, or the row by the reference. */
  ratio: 'reference/row' | 'row/reference';
  /** What the ratio says, in words for under the title. */
  note: string;
  /** One unit only: no warm-up, no rounds. */
  once: boolean;
  rowHeading: string;
  columns: Column[];
}

const engines = ['simd', 'simd-plain', 'tfjs-node', 'tfjs-wasm', 'tfjs-cpu'];
const layers = ['layers-node', 'layers-wasm', 'layers-cpu'];
const gateway = models.gateway;

/** Everything, or with `quick` a little of everything. */
export function makePlan(quick: boolean): Table[] {
  const specs = quick ? [gateway] : Object.values(models);
  return [
    ...specs.map((spec) => training(spec, quick ? [32] : [1, 32, 256])),
    loss(specs, quick ? 20 : 200),
    scoring(),
    ...specs.map((spec) => limit(spec, quick ? [32] : [32, 256])),
    parts(),
    codec(),
    mixing(quick),
    memory(quick),
    workers(),
    ...simulator(quick),
    ...hosts(quick),
    ...cost(quick),
  ];
}

/**
 * The tables with the rows whose name, section/column/row, contains one of the texts; all where there are none. The first row
 * of a column stays wherever another one does, since the ratios are to it.
 */
export function narrow(plan: readonly Table[], only: readonly string[]): Table[] {
  if (only.length === 0) return [...plan];
  const isWanted = (name: string) => only.some((text) => name.includes(text));
  return plan.flatMap((table) => {
    const columns = table.columns.flatMap((column) => {
      const wanted = column.entries.map(({ row }) => isWanted(`${table.section}/${column.name}/${row}`));
      if (!wanted.includes(true)) return [];
      return [{ ...column, entries: column.entries.filter((_, i) => i === 0 || wanted[i]) }];
    });
    return columns.length === 0 ? [] : [{ ...table, columns }];
  });
}

const rateTable = { reads: 'rate', scale: 1, ratio: 'reference/row', once: false, rowHeading: 'contender' } as const;

function training(spec: AutoencoderSpec, batches: number[]): Table {
  const { activation, dropout } = spec;
  const name = sizesText(spec);
  return {
    ...rateTable,
    section: 'training',
    title: `Training ${name}, ${activation}${dropout > 0 ? ` with dropout ${dropout}` : ''}: samples a second`,
    unit: 'samples/s',
    note: '×: how many times as fast simd is',
    columns: batches.map((batch) => ({
      name: `${name}/${batch}`,
      heading: `batch ${batch}`,
      entries: byContender([...engines, ...layers, 'pytorch'], { kind: 'train', spec, batch }),
    })),
  };
}

function loss(specs: readonly AutoencoderSpec[], steps: number): Table {
  return {
    ...rateTable,
    section: 'loss',
    title: `Do they learn alike? Mean loss of the first ${steps} steps of batch 32`,
    unit: 'MSE',
    reads: 'amount',
    ratio: 'row/reference',
    note: '×: as a multiple of simd; each draws its own first weights and batches',
    once: true,
    columns: specs.map((spec) => ({
      name: sizesText(spec),
      heading: `${spec.features} wide`,
      entries: byContender([...engines, ...layers, 'pytorch'], { kind: 'loss', spec, batch: 32, steps }),
    })),
  };
}

function scoring(): Table {
  const job: Job = { kind: 'score', spec: gateway, rows: 4096 };
  return {
    ...rateTable,
    section: 'scoring',
    title: `Scoring ${sizesText(gateway)}, 4,096 rows a call: rows a second`,
    unit: 'rows/s',
    note: '×: how many times as fast simd is',
    columns: [
      {
        name: sizesText(gateway),
        heading: 'rows/s',
        entries: byContender(['simd', 'simd-plain', 'tfjs-node', 'tfjs-wasm', 'pytorch'], job),
      },
    ],
  };
}

function limit(spec: AutoencoderSpec, batches: number[]): Table {
  return {
    ...rateTable,
    section: 'limit',
    title: `The kernel against the machine, training ${sizesText(spec)}: GFLOP/s`,
    unit: 'GFLOP/s',
    scale: 1e-9,
    ratio: 'row/reference',
    note: '×: share of the most that fused multiply-adds of 128 bits reach from registers',
    rowHeading: 'what',
    columns: batches.map((batch) => ({
      name: `${sizesText(spec)}/${batch}`,
      heading: `batch ${batch}`,
      entries: [
        { row: 'multiply-adds alone', contender: 'kernel', job: { kind: 'multiply-adds' } },
        { row: 'matrix products', contender: 'kernel', job: { kind: 'products', spec, batch } },
        {
          row: 'whole training step',
          contender: 'simd',
          job: { kind: 'train', spec, batch },
          factor: stepFlops(spec, batch) / batch,
        },
      ],
    })),
  };
}

/** What a step takes without one of its parts: the difference to the first row is that part's time. */
function parts(): Table {
  const batch = 32;
  const spec = gateway;
  const train = { kind: 'train', spec, batch } as const;
  const entry = (row: string, job: Job): Entry => ({ row, contender: 'simd', job, factor: 1 / batch });
  return {
    ...rateTable,
    section: 'parts',
    title: `Where the time of a step goes, ${sizesText(spec)}, batch ${batch}`,
    unit: 'µs a step',
    reads: 'time',
    scale: 1e6,
    ratio: 'row/reference',
    note: '×: share of the whole step',
    rowHeading: 'step',
    columns: [
      {
        name: sizesText(spec),
        heading: 'µs a step',
        entries: [
          entry('whole, with Adam', train),
          entry('with SGD', { ...train, optimiser: 'sgd' }),
          entry('with linear layers', { ...train, spec: { ...spec, activation: 'linear' } }),
          entry('from 256 rows of data', { ...train, rows: 256 }),
          {
            row: 'its matrix products alone',
            contender: 'kernel',
            job: { kind: 'products', spec, batch },
            factor: 1 / stepFlops(spec, batch),
          },
        ],
      },
    ],
  };
}

function codec(): Table {
  return {
    ...rateTable,
    section: 'codec',
    title: `Updates to bytes and back, ${sizesText(gateway)}: MB of float32 weights a second`,
    unit: 'MB/s',
    scale: 1e-6,
    note: 'with digest, header and checks, as a node does it; ×: how many times as fast float32 is',
    rowHeading: 'encoding',
    columns: (['encode', 'decode'] as const).map((kind) => ({
      name: kind,
      heading: kind,
      entries: encodings.map((encoding) => ({
        row: encoding,
        contender: 'codec',
        job: { kind, spec: gateway, encoding },
      })),
    })),
  };
}

function mixing(quick: boolean): Table {
  const neighbours = 6;
  return {
    ...rateTable,
    section: 'mixing',
    title: `Mixing my model with ${neighbours}, Metropolis weights: GB of weights read a second`,
    unit: 'GB/s',
    scale: 1e-9,
    ratio: 'row/reference',
    note: `×: how many times as fast as ${mixerNames[0]}`,
    rowHeading: 'mixer',
    columns: [weightCount(gateway), ...(quick ? [] : [1_000_000])].map((weights) => ({
      name: String(weights),
      heading: `${weights.toLocaleString('en-US')} weights`,
      entries: mixerNames.map((row) => ({
        row,
        contender: `mixing-${row}`,
        job: { kind: 'mix', weights, neighbours },
      })),
    })),
  };
}

function memory(quick: boolean): Table {
  const count = quick ? 20 : 1000;
  const job: Job = { kind: 'idle', spec: gateway, models: count };
  return {
    ...rateTable,
    section: 'memory',
    title: `Holding ${count.toLocaleString('en-US')} models with Adam's state, ${sizesText(gateway)}: bytes a model`,
    unit: 'bytes',
    reads: 'amount',
    ratio: 'row/reference',
    note: "growth of a fresh process; ×: as a multiple of the weights' own bytes, of which Adam's state is two",
    once: true,
    rowHeading: 'models',
    columns: [
      {
        name: sizesText(gateway),
        heading: 'bytes',
        entries: [
          { row: 'the weights alone', contender: '', job, factor: 4 * weightCount(gateway) },
          { row: 'engine simd', contender: 'idle-simd', job },
          { row: 'LayersModel, wasm', contender: 'idle-layers', job },
        ],
      },
    ],
  };
}

function workers(): Table {
  return {
    ...rateTable,
    section: 'workers',
    title: `Worker threads, ${sizesText(gateway)}, 16 nodes: samples a second`,
    unit: 'samples/s',
    ratio: 'row/reference',
    note: 'jobs of 20 steps of 32, one waiting at all times; ×: how many times as fast as one worker',
    rowHeading: 'workers',
    columns: [
      {
        name: sizesText(gateway),
        heading: 'samples/s',
        entries: [1, 2].map((count) => ({
          row: String(count),
          contender: `workers-${count}`,
          job: { kind: 'pool', spec: gateway, batch: 32, steps: 20, nodes: 16, workers: count },
        })),
      },
    ],
  };
}

/** Real training on virtual time, two worker threads. */
function simulator(quick: boolean): Table[] {
  const small = autoencoder(38, [64, 8, 64]);
  const entry = (spec: AutoencoderSpec, nodes: number, rounds: number, steps: number): Entry => ({
    row: `${nodes.toLocaleString('en-US')} nodes`,
    contender: 'simulator',
    job: { kind: 'simulate', spec, batch: 32, steps, nodes, rounds, workers: 2 },
  });
  const table = (name: string, title: string, unit: string, reads: 'rate' | 'time', scale: number, note: string) => ({
    ...{ ...rateTable, section: 'simulator', title, unit, reads, scale, note },
    ratio: 'row/reference' as const,
    once: true,
    rowHeading: 'fleet, degree 6',
    name,
  });
  const { name: fleetName, ...fleet } = table(
    sizesText(small),
    `Simulating fleets, ${sizesText(small)}, 5 steps of 32 a round`,
    'µs a round of a node',
    'time',
    1e6,
    '×: as a multiple of the first row; 1 throughout is linear',
  );
  const { name: hundredName, ...hundred } = table(
    sizesText(gateway),
    `Simulating ${sizesText(gateway)}, 20 steps of 32 a round: rounds of nodes a second`,
    'rounds/s',
    'rate',
    1,
    'with two worker threads',
  );
  const sizes: [nodes: number, rounds: number][] = quick
    ? [[100, 1]]
    : [
        [100, 1000],
        [1000, 100],
        [10_000, 100],
      ];
  return [
    {
      ...fleet,
      columns: [
        {
          name: fleetName,
          heading: fleet.unit,
          entries: sizes.map(([nodes, rounds]) => entry(small, nodes, rounds, 5)),
        },
      ],
    },
    {
      ...hundred,
      columns: [
        {
          name: hundredName,
          heading: hundred.unit,
          entries: [entry(gateway, 100, quick ? 1 : 100, 20)],
        },
      ],
    },
  ];
}

/** Gateways' hosts in one process: four tables, since each figure wants a process of its own. */
function hosts(quick: boolean): Table[] {
  const table = (figure: Extract<Job, { kind: 'hosts' }>['figure'], title: string, unit: string, scale: number) => ({
    ...rateTable,
    section: 'hosts',
    title: `${title}, updates of ${sizesText(gateway)}`,
    unit,
    reads: 'amount' as const,
    scale,
    ratio: 'row/reference' as const,
    note: 'real TCP and gossipsub, degree 6, no training; ×: as a multiple of the first row',
    once: true,
    rowHeading: 'one process',
    columns: [
      {
        name: figure,
        heading: unit,
        entries: (quick ? [50] : [50, 250]).map((count) => ({
          row: `${count} hosts`,
          contender: `hosts-${figure}-${count}`,
          job: { kind: 'hosts' as const, spec: gateway, hosts: count, figure },
        })),
      },
    ],
  });
  return [
    table('bytes', 'What a host adds to its process', 'MB', 1e-6),
    table('rest', 'CPU time of a host at rest, a second', 'ms', 1e3),
    table('cpu', 'CPU time of a delivered update, beyond that at rest', 'ms', 1e3),
    table('delay', 'From the end of training until the whole mesh has the update', 'ms', 1e3),
  ];
}

/** Three tables: if cost is linear, the time of a unit stays the same down each. */
function cost(quick: boolean): Table[] {
  const table = (name: string, title: string, rowHeading: string, unit: string, scale: number, entries: Entry[]) => ({
    ...rateTable,
    section: 'cost',
    title,
    unit,
    reads: 'time' as const,
    scale,
    ratio: 'row/reference' as const,
    note: '×: as a multiple of the first row; 1 throughout is linear',
    rowHeading,
    columns: [{ name, heading: unit, entries: quick ? entries.slice(0, 2) : entries }],
  });
  const stepEntries = [1, 2, 4, 8].map((times): Entry => {
    const steps = 250 * times;
    return {
      row: `${steps.toLocaleString('en-US')} steps`,
      contender: 'simd',
      job: { kind: 'turns', spec: gateway, batch: 32, steps, nodes: 1 },
      factor: 32,
    };
  });
  const nodeEntries = [8, 32, 128, 512, 1024].map(
    (nodes): Entry => ({
      row: `${nodes.toLocaleString('en-US')} nodes`,
      contender: 'simd',
      job: { kind: 'turns', spec: gateway, batch: 32, steps: 20, nodes },
      factor: 1 / 20,
    }),
  );
  const weightEntries = [32, 80, 192, 512, 1344].map((width): Entry => {
    const spec = autoencoder(48, [width, width / 4, width]);
    const weights = weightCount(spec);
    return {
      row: `${weights.toLocaleString('en-US')} weights, ${layerSizes(spec).join('-')}`,
      contender: 'simd',
      job: { kind: 'train', spec, batch: 32 },
      factor: weights,
    };
  });
  const name = sizesText(gateway);
  return [
    table('samples', `Cost by samples, ${name}, batch 32`, 'one call trains', 'ns a sample', 1e9, stepEntries),
    table('nodes', `Cost by nodes in turn, 20 steps of 32 each, ${name}`, 'one engine', 'µs a node', 1e6, nodeEntries),
    table('weights', 'Cost by weights, batch 32', 'model', 'ps a sample and weight', 1e12, weightEntries),
  ];
}

function byContender(names: readonly string[], job: Job): Entry[] {
  return names.map((contender) => ({ row: contender, contender, job }));
}

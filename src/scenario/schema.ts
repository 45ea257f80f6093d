// The scenario file's schema: every key, its range, its default and where the default is from. No I/O.
import { z } from 'zod';
import { gossipSchema } from '../gossip/settings.ts';
import { modelSchema, thresholdSchema, trainSchema } from '../model/settings.ts';
import { faultsSchema } from '../sim/faults.ts';
import { topologySchema } from '../sim/topology.ts';

const positiveInt = z.number().int().min(1);
const share = z.number().min(0).max(1);

const dataSchema = z.strictObject({
  source: z
    .enum(['petrobras-3w', 'csv', 'synthetic'])
    .describe('petrobras-3w is embedded; csv reads path; synthetic makes a fleet of rotating machines'),
  path: z
    .string()
    .optional()
    .describe('csv only: a .csv or .csv.gz file, or a folder with one file a device; $RUMORMILL_DATA is replaced'),
  machines: positiveInt.max(10_000).default(8).describe('synthetic only: size of the fleet'),
  recordings: z
    .number()
    .int()
    .min(2)
    .max(1000)
    .default(20)
    .describe('synthetic only: normal recordings of a machine; each of the four faults has a tenth as many'),
  samplesPerRecording: z
    .number()
    .int()
    .min(3)
    .max(10_000)
    .default(120)
    .describe('synthetic only: rows of a recording, one a minute'),
  fleetSeed: z
    .number()
    .int()
    .min(0)
    .max(0xffff_ffff)
    .default(1)
    .describe('synthetic only: names the fleet, which is the same for all seeds of the scenario'),
  devices: z.array(z.string()).min(1).optional().describe('use only these devices'),
  sensors: z
    .array(z.string())
    .min(1)
    .optional()
    .describe('number columns to use; default: all that are not named below'),
  columns: z
    .strictObject({
      device: z.string().default('device'),
      instance: z.string().default('instance'),
      time: z.string().default('time'),
      label: z.string().default('label'),
      split: z.string().default('split'),
    })
    .prefault({})
    .describe('csv only: names of the columns that are not sensors; each may be absent from the file'),
  ignore: z.array(z.string()).default([]).describe('csv only: columns to leave out'),
  window: z
    .strictObject({
      length: positiveInt.default(15),
      stride: positiveInt.default(15),
      unit: z.enum(['samples', 'seconds']).default('samples'),
    })
    .prefault({})
    .describe('900 s at one-minute means: the length the 3W literature uses'),
  features: z.enum(['raw', 'summary']).default('summary').describe('summary: mean, deviation, slope, residual'),
  maskFrozen: z.boolean().default(true).describe('treat a sensor that is stuck in most training recordings as missing'),
  split: z
    .strictObject({
      train: share.default(0.6),
      validate: share.default(0.15),
      order: z
        .enum(['shuffled', 'time'])
        .default('shuffled')
        .describe('shuffled by the seed, or in time: the first recordings train, the last test'),
    })
    .prefault({})
    .describe("shares of a device's normal instances; the rest, and all anomalous ones, are the test data"),
});

const federationSchema = z.strictObject({
  nodes: positiveInt.max(10_000).optional().describe('default: one for each device'),
  partition: z
    .enum(['device', 'iid', 'dirichlet', 'quantity'])
    .default('device')
    .describe('dirichlet: nodes differ in operating regimes; quantity: in amounts of data'),
  alpha: z
    .number()
    .min(0.001)
    .max(1000)
    .default(0.5)
    .describe('partition dirichlet or quantity: the smaller, the more nodes differ; 0.5 as in arXiv 2102.02079'),
  scaler: z.enum(['federated', 'local', 'fixed']).default('federated'),
  ranges: z
    .record(z.string(), z.tuple([z.number(), z.number()]))
    .optional()
    .describe('scaler fixed: lowest and highest raw value of each sensor'),
  heldOut: z.array(z.string()).default([]).describe('devices that take no part and are evaluated as unseen'),
});

const milliseconds = z.number().min(0).max(3_600_000);

const networkSchema = z.strictObject({
  transport: z
    .enum(['sim', 'memory', 'tcp', 'processes'])
    .default('tcp')
    .describe('sim: virtual time and network, the same every time; the others are real'),
  latency: z
    .discriminatedUnion('distribution', [
      z.strictObject({ distribution: z.literal('constant'), ms: milliseconds }),
      z.strictObject({ distribution: z.literal('uniform'), lowMs: milliseconds, highMs: milliseconds }),
      z.strictObject({
        distribution: z.literal('log-normal'),
        medianMs: milliseconds.default(5),
        sigma: z.number().min(0).max(3).default(0.5),
      }),
    ])
    .default({ distribution: 'log-normal', medianMs: 5, sigma: 0.5 })
    .describe('sim: how long a message travels'),
  topology: z
    .discriminatedUnion('kind', [z.strictObject({ kind: z.literal('mesh') }), ...topologySchema.options])
    .default({ kind: 'mesh' })
    .describe("sim: who is whose neighbour; mesh: random and connected, of gossip.degree, as gossipsub's"),
  bandwidthMbps: z.number().gt(0).max(1_000_000).default(100).describe("sim: of each node's uplink"),
  loss: z.number().min(0).lt(1).default(0).describe('sim: share of updates that never arrive'),
  duplication: share.default(0).describe('sim: share of updates that arrive twice'),
  stepMs: z.number().gt(0).max(60_000).default(1).describe('sim: virtual time of one optimiser step'),
  speedSpread: z
    .number()
    .min(0)
    .max(3)
    .default(0)
    .describe('sim: sigma of the log-normal factor by which a node is slower or faster'),
});

const evaluateSchema = z.strictObject({
  threshold: thresholdSchema.prefault({ method: 'quantile' }),
  everyRounds: positiveInt
    .max(100_000)
    .optional()
    .describe('learning curves: own AUROC after every so many rounds and after the last; scored after the run'),
  targetAuroc: z
    .number()
    .gt(0)
    .max(1)
    .optional()
    .describe('bytes to target: what a node has sent when the learning curve first is at or above this'),
});

/** A whole scenario file. */
export const scenarioSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'must be lower-case words joined by hyphens'),
  description: z.string().default(''),
  data: dataSchema,
  federation: federationSchema.prefault({}),
  model: modelSchema.prefault({}),
  train: trainSchema.prefault({}),
  gossip: gossipSchema.prefault({}),
  network: networkSchema.prefault({}),
  faults: faultsSchema.optional().describe('transport sim: crashes, partitions, churn, late nodes'),
  baselines: z
    .array(z.enum(['centralised', 'fedavg', 'local', 'statistic', 'shared-statistic']))
    .default(['centralised', 'fedavg', 'local', 'statistic', 'shared-statistic']),
  evaluate: evaluateSchema.prefault({}),
  seeds: z.array(z.number().int().min(0).max(0xffff_ffff)).min(1).max(100).default([1]),
  expect: z.array(z.string()).default([]).describe('claims such as gap.centralised.own.auroc <= 0.01'),
});

/** A scenario with every default filled in. */
export type Scenario = z.output<typeof scenarioSchema>;

// The section of a configuration file on gossip: every key, its range, its default and where the default is from. No I/O.
import { z } from 'zod';
import { sparsifiers } from './compression/sparse-payload.ts';
import { mixingNames } from './mixing.ts';
import { encodings } from './payload.ts';

const positiveInt = z.number().int().min(1);

/** How models travel and are mixed. */
export const gossipSchema = z.strictObject({
  exchange: z.enum(['mesh', 'random', 'broadcast', 'pull']).default('mesh'),
  mixing: z.enum(mixingNames).default('metropolis'),
  byzantine: z
    .number()
    .int()
    .min(0)
    .max(31)
    .optional()
    .describe('robust mixing: how many liars among the updates at hand to withstand; more need a degree above 64'),
  clipRadius: z
    .number()
    .gt(0)
    .max(1e9)
    .optional()
    .describe('mixing clipped: how far one update may draw, in Euclidean distance between weights'),
  ageGapMaxRounds: z
    .number()
    .int()
    .min(0)
    .max(100_000)
    .optional()
    .describe('mixing limited-merge: models this many rounds or less behind the oldest are merged'),
  consensusStep: z
    .number()
    .gt(0)
    .max(1)
    .optional()
    .describe('mixing choco: γ, share of the way to the estimates of the neighbours; the less is sent, the smaller'),
  rounds: z.enum(['barrier-free', 'synchronous']).default('barrier-free'),
  encoding: z
    .enum(encodings)
    .default('float32')
    .describe('float16 sends half the bytes of float32, int8 about a quarter'),
  sparsifier: z
    .enum(sparsifiers)
    .default('none')
    .describe(
      'top-k: an update carries the weights that changed most since they were sent; random-k: others each time',
    ),
  keep: z
    .number()
    .gt(0)
    .max(1)
    .default(0.1)
    .describe(
      'sparsifier top-k or random-k: share of the weights that an update carries; 0.1 is the least in DOI 10.1007/978-3-030-22496-7_5',
    ),
  degree: positiveInt.max(64).default(6).describe("mesh degree D; gossipsub's own default"),
  fanout: positiveInt.max(64).default(4).describe('exchange random: peers an update is pushed to'),
  stalenessMaxRounds: z.number().int().min(0).max(1000).default(3).describe('older updates are not mixed'),
  roundIntervalMs: z
    .number()
    .int()
    .min(0)
    .max(3_600_000)
    .optional()
    .describe(
      'barrier-free: shortest round; default: 4 for each node, about what one machine needs to deliver updates',
    ),
  roundTimeoutMs: positiveInt.max(3_600_000).default(10_000).describe('synchronous: longest wait for a round'),
});

/** A section `gossip` with every default filled in. */
export type GossipSettings = z.output<typeof gossipSchema>;

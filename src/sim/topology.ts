// Who exchanges with whom in a simulated fleet, and with what weights. Owns the kinds of topology, their keys and their
// refusals; sends nothing. The live mesh, which heals itself, is not one of them.
import assert from 'node:assert/strict';
import { z } from 'zod';
import { OperatorError } from '../lib/errors.ts';
import type { Prng } from '../lib/prng.ts';
import { baseGraphRounds } from './topologies/base-graph.ts';
import { type Edge, type Links, metropolisLinks, unreachedNode, weightedLinks } from './topologies/links.ts';
import { erdosRenyiEdges, regularEdges, smallWorldEdges } from './topologies/random-graphs.ts';
import { ringEdges, starEdges, torusEdges, torusRows, treeEdges } from './topologies/regular-shapes.ts';

const degree = z.number().int().min(1).max(9_999);
const node = z.number().int().min(0).max(9_999);
const redrawn = z.boolean().default(false).describe('a new draw each round, which need not be connected by itself');

/** The keys of a topology, by kind. */
export const topologySchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('ring') }),
  z.strictObject({ kind: z.literal('torus') }),
  z.strictObject({ kind: z.literal('star') }),
  z.strictObject({ kind: z.literal('complete') }),
  z.strictObject({ kind: z.literal('erdos-renyi'), probability: z.number().gt(0).max(1), redrawn }),
  z.strictObject({
    kind: z.literal('small-world'),
    degree: degree.describe('neighbours on the ring before rewiring, even'),
    rewiring: z.number().min(0).max(1).describe('share of edges that move an end'),
    redrawn,
  }),
  z.strictObject({ kind: z.literal('regular'), degree, redrawn }),
  z.strictObject({ kind: z.literal('one-peer-exponential') }),
  z.strictObject({ kind: z.literal('base'), degree: degree.describe('k of the Base-(k+1) graph') }),
  z.strictObject({ kind: z.literal('hierarchical'), branching: degree.describe('children of a node') }),
  z.strictObject({
    kind: z.literal('edges'),
    edges: z
      .array(z.tuple([node, node]))
      .min(1)
      .max(1_000_000),
  }),
]);

/** A topology's kind and keys, with defaults filled in. */
export type TopologySpec = z.output<typeof topologySchema>;

type RandomSpec = Extract<TopologySpec, { redrawn: boolean }>;

/** Who exchanges with whom. Node numbers are 0 … nodes − 1, rounds count from 1. The arrays given out must not be changed. */
export interface Topology {
  readonly nodes: number;
  /** Whether neighbours() is the same in every round. */
  readonly isStatic: boolean;
  /** After so many rounds the graphs come again, at least 1; Infinity where each round is drawn anew. */
  readonly periodRounds: number;
  /** Whether weights() is part of the graph, which is nothing without them; elsewhere they are Metropolis's. */
  readonly ownsWeights: boolean;
  /** Whom `node` sends to in `round`, ascending, never itself. Symmetric for all kinds but one-peer-exponential. */
  neighbours(node: number, round: number): readonly number[];
  /** Who sends to `node` in `round`, ascending; the same as neighbours() where that is symmetric. */
  sources(node: number, round: number): readonly number[];
  /**
   * For each of neighbours() the weight in (0, 1) that it gives to `node`'s model. A node gives its own model 1 minus
   * these, which for every kind is also 1 minus what it gives to others: the matrix is doubly stochastic.
   */
  weights(node: number, round: number): readonly number[];
}

/** How often a random graph is drawn before it counts as never connected. */
const drawsMax = 1000;

/** Barrier-free nodes are a few rounds apart, and each round's draw is asked for by all of them. */
const drawnRoundsKept = 32;

/**
 * The topology of `spec` on `nodes` nodes, at least 1; `prng` draws the random kinds. Throws OperatorError where
 * topologyProblem() finds one, or where no connected graph comes out of 1,000 draws.
 *
 * - ring, torus (as near to square as can be), star (around node 0), complete, hierarchical (a tree from node 0), edges;
 * - erdos-renyi (G(n, p)), small-world (Watts and Strogatz), regular (random): drawn again until connected; with `redrawn`
 *   round r is drawn from prng.fork(r), connected or not;
 * - one-peer-exponential (Ying et al., Exponential graph is provably efficient, arXiv 2110.13363): in round r node i sends
 *   to i + 2^((r − 1) mod ⌈log₂ n⌉), directed, half and half; exact after one period where n is a power of 2;
 * - base (Takezawa et al., arXiv 2305.11420): exact after one period for any n.
 */
export function createTopology(spec: TopologySpec, nodes: number, prng: Prng): Topology {
  assert.ok(Number.isInteger(nodes) && nodes >= 1, `a topology needs at least one node, not ${nodes}`);
  const problem = topologyProblem(spec, nodes);
  if (problem !== undefined) throw new OperatorError(problem);
  switch (spec.kind) {
    case 'ring':
      return fixed(metropolisLinks(nodes, ringEdges(nodes)));
    case 'torus':
      return fixed(metropolisLinks(nodes, torusEdges(nodes)));
    case 'star':
      return fixed(metropolisLinks(nodes, starEdges(nodes)));
    case 'hierarchical':
      return fixed(metropolisLinks(nodes, treeEdges(nodes, spec.branching)));
    case 'edges':
      return fixed(metropolisLinks(nodes, spec.edges));
    case 'complete':
      return complete(nodes);
    case 'one-peer-exponential':
      return onePeerExponential(nodes);
    case 'base':
      return base(nodes, spec.degree);
    case 'erdos-renyi':
    case 'small-world':
    case 'regular':
      return spec.redrawn ? drawnAnew(spec, nodes, prng) : fixed(connectedDraw(spec, nodes, prng));
  }
}

/** Why `spec` cannot work on `nodes` nodes, as a sentence with the mend; undefined where nothing speaks against it. */
export function topologyProblem(spec: TopologySpec, nodes: number): string | undefined {
  switch (spec.kind) {
    case 'torus': {
      if (nodes === 1 || torusRows(nodes) > 1) return undefined;
      const mend = nodes <= 4 ? '4' : `${nodes - 1} or ${nodes + 1}`;
      return `topology torus cannot lay ${nodes} nodes out in rows and columns, as ${nodes} is prime; give ${mend} nodes`;
    }
    case 'small-world':
      if (spec.degree % 2 !== 0) {
        return `topology small-world has degree ${spec.degree}, half of which goes to each side of a node; give an even degree`;
      }
      return degreeProblem(spec, nodes);
    case 'regular':
      if ((nodes * spec.degree) % 2 !== 0) {
        return `topology regular cannot give each of ${nodes} nodes ${spec.degree} neighbours, as ${nodes} · ${spec.degree} is odd; make the degree or the number of nodes even`;
      }
      if (spec.degree === 1 && nodes > 2 && !spec.redrawn) {
        return `topology regular with degree 1 leaves ${nodes} nodes in separate pairs; raise the degree, or set redrawn: true`;
      }
      return degreeProblem(spec, nodes);
    case 'edges':
      return edgesProblem(spec.edges, nodes);
    default:
      return undefined;
  }
}

function degreeProblem({ kind, degree }: { kind: string; degree: number }, nodes: number): string | undefined {
  if (degree < nodes) return undefined;
  return `topology ${kind} has degree ${degree}, but each of ${nodes} nodes has only ${nodes - 1} others; lower the degree, or give at least ${degree + 1} nodes`;
}

function edgesProblem(edges: readonly Edge[], nodes: number): string | undefined {
  const seen = new Set<number>();
  for (const [a, b] of edges) {
    if (Math.max(a, b) >= nodes) {
      return `topology edges joins ${a} and ${b}, but the nodes are 0 to ${nodes - 1}; correct that edge, or give more nodes`;
    }
    if (a === b) return `topology edges joins node ${a} to itself; remove that edge`;
    const key = Math.min(a, b) * nodes + Math.max(a, b);
    if (seen.has(key)) return `topology edges joins ${a} and ${b} twice; remove one of these edges`;
    seen.add(key);
  }
  const unreached = unreachedNode(nodes, edges);
  if (unreached === undefined) return undefined;
  return `topology edges has no path from node 0 to node ${unreached}; add an edge that connects them`;
}

/** The topology that has `links` in every round. */
export function fixed(links: Links): Topology {
  return periodic([links], false);
}

function periodic(rounds: readonly Links[], ownsWeights: boolean): Topology {
  const linksOf = (round: number) => rounds[(round - 1) % rounds.length]!;
  const neighbours = (node: number, round: number) => linksOf(round).neighbours[node]!;
  return {
    nodes: rounds[0]!.neighbours.length,
    isStatic: rounds.length === 1,
    periodRounds: rounds.length,
    ownsWeights,
    neighbours,
    sources: neighbours,
    weights: (node, round) => linksOf(round).weights[node]!,
  };
}

/** Computed when asked for: the lists of 10,000 nodes would take a gigabyte. */
function complete(nodes: number): Topology {
  const others = (node: number) => Array.from({ length: nodes - 1 }, (_, i) => (i < node ? i : i + 1));
  return {
    nodes,
    isStatic: true,
    periodRounds: 1,
    ownsWeights: false,
    neighbours: others,
    sources: others,
    weights: () => new Array<number>(nodes - 1).fill(1 / nodes),
  };
}

function onePeerExponential(nodes: number): Topology {
  const periodRounds = Math.max(1, Math.ceil(Math.log2(nodes)));
  const step = (round: number) => 2 ** ((round - 1) % periodRounds);
  return {
    nodes,
    isStatic: periodRounds === 1,
    periodRounds,
    ownsWeights: true,
    neighbours: (node, round) => (nodes === 1 ? [] : [(node + step(round)) % nodes]),
    sources: (node, round) => (nodes === 1 ? [] : [(node - step(round) + nodes) % nodes]),
    weights: () => (nodes === 1 ? [] : [0.5]),
  };
}

function base(nodes: number, degree: number): Topology {
  const rounds = baseGraphRounds(nodes, degree).map((edges) => weightedLinks(nodes, edges));
  return periodic(rounds.length === 0 ? [weightedLinks(nodes, [])] : rounds, true);
}

function drawnAnew(spec: RandomSpec, nodes: number, prng: Prng): Topology {
  const kept = new Map<number, Links>();
  const linksOf = (round: number): Links => {
    const known = kept.get(round);
    if (known !== undefined) return known;
    const links = metropolisLinks(nodes, drawSimple(spec, nodes, prng.fork(round)));
    kept.set(round, links);
    if (kept.size > drawnRoundsKept) kept.delete(kept.keys().next().value!);
    return links;
  };
  const neighbours = (node: number, round: number) => linksOf(round).neighbours[node]!;
  return {
    nodes,
    isStatic: false,
    periodRounds: Number.POSITIVE_INFINITY,
    ownsWeights: false,
    neighbours,
    sources: neighbours,
    weights: (node, round) => linksOf(round).weights[node]!,
  };
}

function connectedDraw(spec: RandomSpec, nodes: number, prng: Prng): Links {
  for (let draw = 0; draw < drawsMax; draw++) {
    const edges = drawSimple(spec, nodes, prng);
    if (unreachedNode(nodes, edges) === undefined) return metropolisLinks(nodes, edges);
  }
  const [knob, value] = spec.kind === 'erdos-renyi' ? ['probability', spec.probability] : ['degree', spec.degree];
  throw new OperatorError(
    `topology ${spec.kind} with ${knob} ${value} gave no connected graph of ${nodes} nodes in ${drawsMax} draws; raise the ${knob}, or set redrawn: true`,
  );
}

function drawSimple(spec: RandomSpec, nodes: number, prng: Prng): Edge[] {
  switch (spec.kind) {
    case 'erdos-renyi':
      return erdosRenyiEdges(nodes, spec.probability, prng);
    case 'small-world':
      return smallWorldEdges(nodes, spec.degree, spec.rewiring, prng);
    case 'regular':
      for (let draw = 0; draw < drawsMax; draw++) {
        const edges = regularEdges(nodes, spec.degree, prng);
        if (edges !== undefined) return edges;
      }
      return assert.fail(`no regular graph of ${nodes} nodes and degree ${spec.degree} in ${drawsMax} draws`);
  }
}

// How fast a topology averages: predicted from the mixing matrix, and measured. Owns this arithmetic; trains nothing.
import assert from 'node:assert/strict';
import { Prng } from '../lib/prng.ts';
import type { Topology } from './topology.ts';

/** spectralGap() is right to this much. */
export const spectralGapTolerance = 1e-8;

/** One round of pure averaging, x ← W x, on one number a node; changes nothing. */
export function averagingRound(values: Float64Array, topology: Topology, round: number): Float64Array {
  const { nodes } = topology;
  assert.equal(values.length, nodes, 'one value a node');
  const next = new Float64Array(nodes);
  for (let node = 0; node < nodes; node++) {
    const neighbours = topology.neighbours(node, round);
    const weights = topology.weights(node, round);
    const value = values[node]!;
    let own = 1;
    for (let i = 0; i < neighbours.length; i++) {
      const to = neighbours[i]!;
      const weight = weights[i]!;
      next[to] = next[to]! + weight * value;
      own -= weight;
    }
    next[node] = next[node]! + own * value;
  }
  return next;
}

/** Root mean square distance of one number a node from the mean of all. */
export function consensusDistance(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

/**
 * 1 − max(|λ₂|, |λₙ|) of the mixing matrix of `round`, in [0, 1]: 1 for a single node, 0 where the graph of that round is
 * not connected. Good to spectralGapTolerance. The matrix must be symmetric, so not one-peer-exponential. Lanczos
 * iteration on the vectors of mean 0, each new one made orthogonal to all before (Golub and Van Loan, Matrix computations,
 * 4th edition, section 10.3), until the residuals of both outermost values are below the tolerance or the space is used
 * up. The steps grow with 1 / √gap and cost nodes · steps each: 2,000 nodes take a tenth of a second on a random
 * graph, some seconds on a ring. Undefined where `stepsMax` are not enough.
 */
export function spectralGap(topology: Topology, round?: number): number;
export function spectralGap(topology: Topology, round: number, stepsMax: number): number | undefined;
export function spectralGap(topology: Topology, round = 1, stepsMax = Number.POSITIVE_INFINITY): number | undefined {
  const { nodes } = topology;
  // A fixed seed: whatever the start, the answer is the same within the tolerance.
  const prng = new Prng('spectral gap');
  assertSymmetric(topology, round, prng);
  const basis: Float64Array[] = [];
  const diagonal: number[] = [];
  const offDiagonal: number[] = [];
  let vector = unit(gaussians(nodes, prng));
  while (basis.length < nodes - 1) {
    basis.push(vector);
    const next = averagingRound(vector, topology, round);
    diagonal.push(dot(next, vector));
    const length = orthogonalise(next, basis);
    const exhausted = length < noise || basis.length === nodes - 1;
    if (exhausted || basis.length % stepsPerCheck === 0) {
      const { values, lastComponents } = tridiagonalEigen(diagonal, offDiagonal);
      const [low, high] = [values.indexOf(Math.min(...values)), values.indexOf(Math.max(...values))];
      const residual = length * Math.max(Math.abs(lastComponents[low]!), Math.abs(lastComponents[high]!));
      if (exhausted || residual < spectralGapTolerance) {
        return Math.min(1, Math.max(0, 1 - Math.max(Math.abs(values[low]!), Math.abs(values[high]!))));
      }
    }
    if (basis.length >= stepsMax) return undefined;
    offDiagonal.push(length);
    vector = unit(next);
  }
  return 1;
}

/** Lengths below this are rounding. */
const noise = 1e-10;

/** Lanczos steps between two looks at the residuals, which cost the square of the steps so far. */
const stepsPerCheck = 25;

/**
 * The factor by which consensus distance falls in a round of pure averaging, in [0, 1]: measured from random values over
 * `rounds` rounds from round 1, as the geometric mean of the later half, when what falls fast has gone. Whole periods
 * count, so give at least two. 0 where one of the rounds brings the exact mean (to 1e-12 of the distance before). With a
 * static symmetric graph it goes to 1 − spectralGap() as rounds grow.
 */
export function contraction(topology: Topology, rounds: number, prng: Prng): number {
  const { periodRounds } = topology;
  const period = Number.isFinite(periodRounds) ? periodRounds : 1;
  const measured = Math.floor(Math.ceil(rounds / 2) / period) * period;
  assert.ok(measured >= 1, `${rounds} rounds are not two periods of ${period}`);
  let values = unit(gaussians(topology.nodes, prng));
  let logSum = 0;
  for (let round = 1; round <= rounds; round++) {
    const next = averagingRound(values, topology, round);
    centre(next);
    const factor = norm(next);
    if (factor < 1e-12) return 0;
    if (round > rounds - measured) logSum += Math.log(factor);
    // Averaging is linear: scaling up each round keeps small distances clear of rounding.
    values = unit(next);
  }
  return Math.exp(logSum / measured);
}

/**
 * Eigenvalues of the symmetric tridiagonal matrix with `diagonal` and, at least one shorter, `offDiagonal`, and the last
 * component of each one's unit eigenvector: the QL method with implicit shifts, on one row of the eigenvectors only, as for
 * Gauss quadrature (Golub and Welsch, Calculation of Gauss quadrature rules, 1969).
 */
function tridiagonalEigen(diagonal: readonly number[], offDiagonal: readonly number[]) {
  const size = diagonal.length;
  const values = [...diagonal];
  const off = [...offDiagonal.slice(0, size - 1), 0];
  const lastComponents = new Array<number>(size).fill(0);
  lastComponents[size - 1] = 1;
  for (let l = 0; l < size; l++) {
    for (let sweep = 0; ; sweep++) {
      assert.ok(sweep < 100, 'the QL method does not converge');
      let m = l;
      while (m < size - 1 && Math.abs(off[m]!) > Number.EPSILON * (Math.abs(values[m]!) + Math.abs(values[m + 1]!) + 1))
        m++;
      if (m === l) break;
      const half = (values[l + 1]! - values[l]!) / (2 * off[l]!);
      let g = values[m]! - values[l]! + off[l]! / (half + Math.sign(half || 1) * Math.hypot(half, 1));
      let [sine, cosine, p] = [1, 1, 0];
      for (let i = m - 1; i >= l; i--) {
        const f = sine * off[i]!;
        const b = cosine * off[i]!;
        const r = Math.sqrt(f * f + g * g);
        off[i + 1] = r;
        if (r === 0) {
          values[i + 1] = values[i + 1]! - p;
          off[m] = 0;
          break;
        }
        sine = f / r;
        cosine = g / r;
        g = values[i + 1]! - p;
        const turned = (values[i]! - g) * sine + 2 * cosine * b;
        p = sine * turned;
        values[i + 1] = g + p;
        g = cosine * turned - b;
        const [upper, lower] = [lastComponents[i]!, lastComponents[i + 1]!];
        lastComponents[i + 1] = sine * upper + cosine * lower;
        lastComponents[i] = cosine * upper - sine * lower;
        if (i === l) {
          values[l] = values[l]! - p;
          off[l] = g;
          off[m] = 0;
        }
      }
    }
  }
  return { values, lastComponents };
}

/**
 * Takes the mean and the parts along the unit vectors `basis` out of `values` and returns the length of what is left. Again
 * where little was left, for the rounding errors of the first pass weigh more then (Parlett, The symmetric eigenvalue
 * problem, section 6.9).
 */
function orthogonalise(values: Float64Array, basis: readonly Float64Array[]): number {
  for (let before = norm(values); ; ) {
    centre(values);
    for (const earlier of basis) addScaled(values, earlier, -dot(values, earlier));
    const length = norm(values);
    if (length > before / 2 || length < noise) return length;
    before = length;
  }
}

/** ⟨W x, y⟩ = ⟨x, W y⟩ for random x and y holds for symmetric W only. */
function assertSymmetric(topology: Topology, round: number, prng: Prng): void {
  const [x, y] = [gaussians(topology.nodes, prng), gaussians(topology.nodes, prng)];
  const difference = dot(averagingRound(x, topology, round), y) - dot(x, averagingRound(y, topology, round));
  assert.ok(Math.abs(difference) < 1e-9 * topology.nodes, 'the spectral gap is of symmetric mixing matrices only');
}

/** Standard normal numbers moved to mean 0. */
function gaussians(count: number, prng: Prng): Float64Array {
  const values = Float64Array.from({ length: count }, () => prng.nextGaussian());
  centre(values);
  return values;
}

function centre(values: Float64Array): void {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  const mean = sum / values.length;
  for (let i = 0; i < values.length; i++) values[i] = values[i]! - mean;
}

function unit(values: Float64Array): Float64Array {
  const length = norm(values);
  return length === 0 ? values : values.map((value) => value / length);
}

function norm(values: Float64Array): number {
  return Math.sqrt(dot(values, values));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function addScaled(values: Float64Array, other: Float64Array, factor: number): void {
  for (let i = 0; i < values.length; i++) values[i] = values[i]! + factor * other[i]!;
}

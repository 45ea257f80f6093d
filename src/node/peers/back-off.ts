// How long to wait before a peer is dialed again. Pure.
import type { Prng } from '../../lib/prng.ts';

/** A gateway that restarts is back within seconds. */
const firstMs = 1000;
/** A plant's network that was down for a night has its mesh again a minute after it is up. */
const lastMs = 60_000;

/**
 * Milliseconds until the next attempt after `failures` (at least 1) in a row: 1 s, doubled with each up to 60 s, of which
 * between half and all is waited, so that gateways which lost the same peer together do not dial it together.
 */
export function backOffMs(failures: number, prng: Prng): number {
  const wholeMs = Math.min(lastMs, firstMs * 2 ** (failures - 1));
  return wholeMs * (0.5 + 0.5 * prng.nextFloat());
}

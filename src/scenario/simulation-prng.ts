// From which generators a simulation draws. Owns their names, so that what is looked at before a run is what the run will have.
import { Prng } from '../lib/prng.ts';

/** The generator of all that is drawn in the simulation of a seed. */
export function simulationPrng(seed: number): Prng {
  return new Prng(`${seed}/simulation`);
}

/** The generator of the topology, or the mesh, of a seed. */
export function topologyPrng(seed: number): Prng {
  return simulationPrng(seed).fork('topology');
}

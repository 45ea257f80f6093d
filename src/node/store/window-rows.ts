// The reservoir's rows on disk: their bytes, slot by slot. Which row is in which slot is the reservoir's.
import type { FeatureRow } from '../intake/feature-row.ts';
import { type BodyCodec, MirroredMap } from './mirrored-map.ts';

/** Rows by slot, each with `features` values; rows of another width are left out when loaded. */
export function windowRows(features: number): MirroredMap<number, FeatureRow> {
  return new MirroredMap('windows', rowCodec(features));
}

/** Start, end and the values as float64, little-endian. */
function rowCodec(features: number): BodyCodec<FeatureRow> {
  return {
    encode: ({ startMs, endMs, values }) => new Uint8Array(Float64Array.of(startMs, endMs, ...values).buffer),
    decode: (body) => {
      if (body.length !== 8 * (features + 2)) return undefined;
      const [startMs, endMs, ...values] = new Float64Array(new Uint8Array(body).buffer);
      return { startMs: startMs as number, endMs: endMs as number, values: Float64Array.from(values) };
    },
  };
}

// Single values that outlive a restart, by name: a threshold, the guard's state, the manifest's text, the roster's bytes.
import { bytesCodec, jsonOf, MirroredMap } from './mirrored-map.ts';

/** Bytes by name. What they mean is their owner's, and so is to check them when they come back. */
export class Facts {
  readonly map = new MirroredMap<string, Uint8Array>('facts', bytesCodec);

  get(name: string): Uint8Array | undefined {
    return this.map.get(name);
  }

  set(name: string, bytes: Uint8Array): void {
    this.map.set(name, new Uint8Array(bytes));
  }

  /** The value as JSON, to be parsed by its owner; undefined where there is none. */
  getJson(name: string): unknown {
    const bytes = this.map.get(name);
    return bytes && jsonOf(bytes);
  }

  setJson(name: string, value: unknown): void {
    this.map.set(name, new TextEncoder().encode(JSON.stringify(value)));
  }
}

// Single values that outlive a restart, by name: a threshold, the guard's state, the manifest's text, the roster's bytes.
import { bytesCodec, jsonOf, MirroredMap } from './mirrored-map.ts';

/** Bytes by name. What they mean is their owner's, and so is to check them when they come back. */
export class Facts {
  readonly map = new MirroredMap<string, Uint8Array>('facts', bytesCodec);

  get(name: string): Uint8Array | undefined {
    return this.map.get(name);
  }

  /** The same value again is no change, so that a gateway at rest, which stores its state every few seconds, writes nothing. */
  set(name: string, bytes: Uint8Array): void {
    const held = this.map.get(name);
    if (held !== undefined && Buffer.compare(held, bytes) === 0) return;
    this.map.set(name, new Uint8Array(bytes));
  }

  /** The value as JSON, to be parsed by its owner; undefined where there is none. */
  getJson(name: string): unknown {
    const bytes = this.map.get(name);
    return bytes && jsonOf(bytes);
  }

  setJson(name: string, value: unknown): void {
    this.set(name, new TextEncoder().encode(JSON.stringify(value)));
  }
}

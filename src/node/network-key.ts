// The key of a private network. Owns its text form; writes no file.
import { randomBytes } from 'node:crypto';

/** A new key: the text of libp2p's `swarm.key` files, 256 random bits. */
export function newNetworkKey(): string {
  return `/key/swarm/psk/1.0.0/\n/base16/\n${randomBytes(32).toString('hex')}\n`;
}

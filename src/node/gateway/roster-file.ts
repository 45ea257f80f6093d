// The owner's roster as a file that an operator puts beside a gateway: read at the start, and again when it changes.
import { readFile, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, OperatorError } from '../../lib/errors.ts';

/** A file system need not tell of changes, as over a network; looking costs nothing. */
const lookIntervalMs = 2000;

/** Hands the file's bytes to `offer`, which throws for what is no roster; OperatorError where it cannot be read or is refused. */
export async function offerRosterFile(path: string, offer: (bytes: Uint8Array) => unknown): Promise<void> {
  try {
    offer(await readFile(path));
  } catch (error) {
    throw new OperatorError(
      `--roster ${path}: cannot be used (${messageOf(error)}); give the roster that rumormill owner sign wrote for this federation`,
    );
  }
}

/** Looks each `intervalMs`, and offers it at the first look and at each change until `signal` aborts; what is wrong then is said, and the roster before goes on to count. */
export async function followRosterFile(
  path: string,
  offer: (bytes: Uint8Array) => unknown,
  say: (sentence: string) => void,
  signal: AbortSignal,
  intervalMs = lookIntervalMs,
): Promise<void> {
  // The first look offers it once more: it may have changed since the gateway read it.
  let known: string | undefined;
  while (!signal.aborted) {
    await delay(intervalMs, undefined, { signal, ref: false }).catch(() => undefined);
    const now = await changeOf(path);
    if (signal.aborted || now === known) continue;
    known = now;
    await offerRosterFile(path, offer).catch((error: unknown) => say(messageOf(error)));
  }
}

async function changeOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found ? `${found.mtimeMs} ${found.size} ${found.ino}` : 'absent';
}

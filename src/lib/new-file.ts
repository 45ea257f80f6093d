// Files that must not replace another one. Owns the refusal.
import { open, rm, stat } from 'node:fs/promises';
import { messageOf, OperatorError } from './errors.ts';

/**
 * Writes a file that does not exist yet, with `mode` less the umask, and syncs it; where that fails in the middle it leaves
 * none. Throws OperatorError where something is there already or the file cannot be made; `mend` ends the sentence in the
 * first case.
 */
export async function writeNewFile(path: string, content: string, mode: number, mend: string): Promise<void> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, 'wx', mode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw exists(path, mend);
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new OperatorError(`${path} cannot be written: its folder does not exist; make it, or give another path`);
    throw new OperatorError(`${path} cannot be written (${messageOf(error)}); give another path`);
  }
  try {
    await file.writeFile(content);
    await file.sync();
    await file.close();
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(path, { force: true });
    throw new OperatorError(`${path} cannot be written (${messageOf(error)}); give another path`);
  }
}

/** Throws what writeNewFile() would throw for a file that exists already, for who has much to do before he writes it. */
export async function refuseExisting(path: string, mend: string): Promise<void> {
  try {
    await stat(path);
  } catch {
    // Absent, or out of reach: writing it will tell.
    return;
  }
  throw exists(path, mend);
}

function exists(path: string, mend: string): OperatorError {
  return new OperatorError(`${path} exists already and is not overwritten; ${mend}`);
}

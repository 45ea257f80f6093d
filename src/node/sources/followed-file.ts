// A file that grows, is rotated and is cut off, as a stream of bytes. Owns reading on; knows nothing of what the bytes are.
import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

/** How often to look where the system tells of no change, as on network file systems. */
const pollMs = 1000;

const chunkBytes = 64 * 1024;

/** Bytes that were added, or that from here on another file, or the same one from its start, is read. */
export type FollowedPart = Uint8Array | 'restart';

/**
 * The bytes of the file at `path`, from its start on, for as long as `signal` is not aborted. A file that is not there is waited for. After
 * a rotation (another inode under the name) the old file is read to its end first; a file shorter than what was read of it is
 * read from its start. A chunk is good until the next one is asked for.
 */
export async function* followFile(path: string, signal: AbortSignal): AsyncGenerator<FollowedPart> {
  const changes = new Changes(path, signal);
  const buffer = Buffer.alloc(chunkBytes);
  let file: FileHandle | undefined;
  let position = 0;
  let wasOpen = false;
  try {
    while (!signal.aborted) {
      changes.expect();
      file ??= await openIfThere(path, wasOpen);
      wasOpen ||= file !== undefined;
      const bytesRead = file === undefined ? 0 : (await file.read(buffer, 0, chunkBytes, position)).bytesRead;
      if (bytesRead > 0) {
        position += bytesRead;
        yield buffer.subarray(0, bytesRead);
        continue;
      }
      const what = file === undefined ? 'same' : await compare(file, path, position);
      if (what === 'same') {
        await changes.next();
        continue;
      }
      if (what === 'rotated') {
        // The writer may have added to the old file after it was read and before it was renamed.
        for (;;) {
          const { bytesRead: late } = await file!.read(buffer, 0, chunkBytes, position);
          if (late === 0) break;
          position += late;
          yield buffer.subarray(0, late);
        }
        await file!.close();
        file = undefined;
      }
      position = 0;
      yield 'restart';
    }
  } finally {
    changes.close();
    await file?.close();
  }
}

/** Undefined where the file is not there, or, after it `wasOpen` once, where its new one may not be read yet. */
async function openIfThere(path: string, wasOpen: boolean): Promise<FileHandle | undefined> {
  try {
    return await open(path);
  } catch (error) {
    if (isMissing(error) || (wasOpen && codeOf(error) === 'EACCES')) return undefined;
    throw error;
  }
}

/** What became of the file under `path`, of which `position` bytes were read. The open file keeps its inode from being used again. */
async function compare(file: FileHandle, path: string, position: number): Promise<'same' | 'rotated' | 'truncated'> {
  const mine = await file.stat();
  if (mine.size < position) return 'truncated';
  try {
    const there = await stat(path);
    // An empty new file is waited for, since the writer may still be at the old one.
    const isOther = there.ino !== mine.ino || there.dev !== mine.dev;
    return isOther && there.size > 0 ? 'rotated' : 'same';
  } catch (error) {
    if (isMissing(error)) return 'same';
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** Waits for changes in the file's folder. */
class Changes {
  private readonly signal: AbortSignal;
  private readonly watcher: FSWatcher | undefined;
  private isChanged = false;
  private wake: () => void = () => undefined;
  private readonly onAbort = (): void => this.wake();

  constructor(path: string, signal: AbortSignal) {
    this.signal = signal;
    signal.addEventListener('abort', this.onAbort);
    try {
      // The folder, since a watch on a file stays with its inode.
      this.watcher = watch(dirname(path), (_, name) => {
        if (name !== null && name !== basename(path)) return;
        this.isChanged = true;
        this.wake();
      });
      // Without a watch, as when the system has no more of them, there is the poll.
      this.watcher.on('error', () => this.watcher?.close());
    } catch {
      this.watcher = undefined;
    }
  }

  /** From here on a change makes next() resolve. */
  expect(): void {
    this.isChanged = false;
  }

  /** Resolves at a change since expect(), after `pollMs`, or at the abort. */
  async next(): Promise<void> {
    if (this.isChanged || this.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pollMs);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  close(): void {
    this.signal.removeEventListener('abort', this.onAbort);
    this.watcher?.close();
  }
}

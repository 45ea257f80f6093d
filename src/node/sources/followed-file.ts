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
 * read from its start. Throws the system's errors as long as nothing could be read; after that, as where a network drive
 * is away for a while, `onTrouble` gets them, and the file is opened again and read on. A chunk is good until the next one is asked for.
 */
export async function* followFile(
  path: string,
  signal: AbortSignal,
  onTrouble: (error: Error) => void,
): AsyncGenerator<FollowedPart> {
  const changes = new Changes(path, signal);
  const followed = new Followed(path);
  try {
    while (!signal.aborted) {
      changes.expect();
      try {
        const part = await followed.next();
        if (part !== undefined) yield part;
        else await changes.next();
      } catch (error) {
        if (!followed.wasRead || !isOfSystem(error)) throw error;
        onTrouble(error);
        await followed.letGo();
        await changes.next();
      }
    }
  } finally {
    changes.close();
    await followed.close();
  }
}

/** What is open of the file, and how far it was read. */
class Followed {
  /** Whether a read ever worked. */
  wasRead = false;
  private readonly path: string;
  private readonly buffer = Buffer.alloc(chunkBytes);
  private file: FileHandle | undefined;
  private position = 0;
  private isRotated = false;
  /** Of the file that `position` is in; undefined before it is known. */
  private identity: string | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /** Undefined where there is nothing new. */
  async next(): Promise<FollowedPart | undefined> {
    if (this.file === undefined) {
      this.file = await openIfThere(this.path, this.wasRead);
      if (this.file === undefined) return undefined;
      if (!(await this.goesOn(this.file))) return this.restart();
    }
    const { bytesRead } = await this.file.read(this.buffer, 0, chunkBytes, this.position);
    this.wasRead = true;
    this.position += bytesRead;
    if (bytesRead > 0) return this.buffer.subarray(0, bytesRead);
    // The writer may have added to the old file after it was read and before it was renamed, so that was read once more.
    if (this.isRotated) {
      await this.close();
      return this.restart();
    }
    const what = await compare(this.file, this.path, this.position);
    if (what === 'truncated') return this.restart();
    this.isRotated = what === 'rotated';
    return this.isRotated ? this.next() : undefined;
  }

  /** Closes a file whose handle may be good no more; the next one is read on where it is the same. */
  async letGo(): Promise<void> {
    const { file } = this;
    this.file = undefined;
    // What cannot be read may not even be closed without an error.
    await file?.close().catch(() => undefined);
  }

  async close(): Promise<void> {
    const { file } = this;
    this.file = undefined;
    await file?.close();
  }

  private restart(): 'restart' {
    this.position = 0;
    this.isRotated = false;
    this.identity = undefined;
    return 'restart';
  }

  /** Whether a file that was opened again is the one that was let go, with at least what was read of it. */
  private async goesOn(file: FileHandle): Promise<boolean> {
    const { ino, dev, size } = await file.stat();
    const identity = `${dev} ${ino}`;
    const isSame = this.identity === undefined || (this.identity === identity && size >= this.position);
    this.identity = identity;
    return isSame;
  }
}

/** Undefined where the file is not there, or, after one `wasRead`, where its new one may not be read yet. */
async function openIfThere(path: string, wasRead: boolean): Promise<FileHandle | undefined> {
  try {
    return await open(path);
  } catch (error) {
    if (isMissing(error) || (wasRead && codeOf(error) === 'EACCES')) return undefined;
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

function isOfSystem(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error;
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

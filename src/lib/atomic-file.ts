// Whole files or none: temporary file, sync, rename. Owns how a result reaches the disk.
import { open, rename, rm } from 'node:fs/promises';

/** Replaces `path` with `content`; a crash leaves the old file or the new one, never a part. */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

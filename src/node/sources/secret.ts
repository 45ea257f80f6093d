// Files that a source's configuration names: secrets, keys, certificates. Prints nothing of what is in them.
import { readFile } from 'node:fs/promises';
import { messageOf, OperatorError } from '../../lib/errors.ts';

/** The content of a file with one secret, without the line end. Throws OperatorError where it cannot be read. */
export async function secretOf(path: string, key: string): Promise<string> {
  return (await fileOf(path, key)).toString('utf8').replace(/\r?\n$/, '');
}

/** The bytes of the file that `key` of the configuration names. Throws OperatorError where it cannot be read. */
export async function fileOf(path: string, key: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new OperatorError(`${key}: ${path} cannot be read (${messageOf(error)}); check the path and its permissions`);
  }
}

// Finds the scenario file that a run names, and the folder it writes to. Creates nothing.
import { access, constants, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OperatorError } from '../lib/errors.ts';
import { nearest } from '../lib/nearest.ts';

/** The file itself where it exists, else the scenario of that name that ships with the package. Throws OperatorError for neither. */
export async function findScenario(file: string): Promise<string> {
  const kind = await kindOf(file);
  if (kind === 'file') return file;
  const shipped = await shippedScenarios();
  const name = file.replace(/\.ya?ml$/, '');
  const path = shipped.get(name);
  if (path !== undefined) return path;
  if (kind === 'folder') throw new OperatorError(`${file} is a folder; give a scenario file in it`);
  const close = nearest(basename(name), shipped.keys());
  const mend =
    close === undefined
      ? `give a scenario file, or one of those that ship: ${[...shipped.keys()].join(', ')}`
      : `did you mean the scenario '${close}' that ships with Rumormill?`;
  throw new OperatorError(`${file} does not exist; ${mend}`);
}

/**
 * The folder for the results: `out`, or runs/NAME-TIME where none is given. Throws OperatorError where `out` has files
 * in it, is a file, or cannot be made.
 */
export async function resultsFolder(out: string | undefined, name: string, today: Date): Promise<string> {
  if (out === undefined) {
    const start = join('runs', `${name}-${today.toISOString().replaceAll(/[-:]|\.\d+/g, '')}`);
    let folder = start;
    for (let copy = 2; (await kindOf(folder)) !== 'absent'; copy++) folder = `${start}-${copy}`;
    await checkWritable(folder, 'the folder for results');
    return folder;
  }
  const kind = await kindOf(out);
  if (kind === 'file') throw new OperatorError(`--out ${out}: this is a file; give a folder that is new or empty`);
  if (kind === 'folder' && (await readdir(out)).length > 0) {
    throw new OperatorError(`--out ${out}: the folder is not empty; give one that is new or empty`);
  }
  await checkWritable(out, `--out ${out}`);
  return out;
}

async function checkWritable(folder: string, what: string): Promise<void> {
  let place = resolve(folder);
  for (;;) {
    const kind = await kindOf(place);
    if (kind === 'file') throw new OperatorError(`${what}: ${place} is a file, not a folder; give another with --out`);
    if (kind === 'folder') break;
    place = dirname(place);
  }
  try {
    await access(place, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new OperatorError(`${what}: ${place} cannot be written to; give another folder with --out`, { cause });
  }
}

async function shippedScenarios(): Promise<Map<string, string>> {
  const folder = fileURLToPath(new URL('../../scenarios/', import.meta.url));
  const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml')).sort();
  return new Map(files.map((file) => [file.replace(/\.yaml$/, ''), join(folder, file)]));
}

async function kindOf(path: string): Promise<'file' | 'folder' | 'absent'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'absent';
    if (code === 'EACCES')
      throw new OperatorError(`${path} cannot be reached; change the permissions on the way to it`);
    throw error;
  }
}

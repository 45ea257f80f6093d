// Where a Chromium is on this machine, and how it is started. Downloads nothing.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Path of CHROMIUM_PATH, or of the first Chromium or Chrome on PATH; undefined where there is none. */
export function chromiumPath(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const named = environment.CHROMIUM_PATH;
  if (named !== undefined && named !== '') return named;
  const folders = (environment.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find(isExecutable);
}

/** The sandbox needs rights that root in a container does not have; a report brings no foreign script. */
export const chromiumFlags: readonly string[] = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

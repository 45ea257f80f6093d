// The command `report`: renders report.html again from the results in a folder.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { OperatorError } from '../lib/errors.ts';
import type { Ports } from './ports.ts';

/** Adds `rumormill report` to the program. */
export function addReportCommand(program: Command, ports: Ports): void {
  program
    .command('report')
    .description('render report.html again from the results in a folder')
    .argument('<FOLDER>', 'the folder of a run')
    .action(async (folder: string) => {
      for (const file of ['summary.json', 'metrics.jsonl', 'config.yaml']) await checkFile(folder, file);
      await ports.writeReport(folder);
      ports.stdout.write(`${join(folder, 'report.html')}\n`);
    });
}

async function checkFile(folder: string, file: string): Promise<void> {
  try {
    if ((await stat(join(folder, file))).isFile()) return;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
  }
  throw new OperatorError(`${folder} has no ${file}; give the folder of a run, such as one in runs/`);
}

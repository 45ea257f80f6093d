// The command `score`: the windows of a file, scored by the model of the gateway that runs on this machine.
import type { Command } from 'commander';
import { OperatorError } from '../lib/errors.ts';
import { modelSchema } from '../node/gateway/status.ts';
import { countText, valueText } from './format.ts';
import { askGateway, defaultStateFolder } from './gateway-client.ts';
import type { Ports } from './ports.ts';

interface Flags {
  state: string;
}

/** Adds `rumormill score` to the program. */
export function addScoreCommand(program: Command, ports: Ports): void {
  program
    .command('score')
    .description('score a CSV file by the model of the gateway on this machine; prints CSV, one line a window')
    .argument(
      '<FILE>',
      'a .csv or .csv.gz file with the sensors of the federation, or a .yaml file that maps its columns',
    )
    .option('--state <DIR>', 'the state folder of the gateway', defaultStateFolder)
    .action((file: string, flags: Flags) => score(file, flags, ports));
}

async function score(file: string, { state }: Flags, { stdout, stderr }: Ports): Promise<void> {
  const snapshot = await askGateway(state, '/model', modelSchema);
  if (snapshot === undefined) {
    throw new OperatorError(`the gateway in ${state} has no model yet; rumormill status says what it waits for`);
  }
  const { scoreFile } = await import('../node/gateway/score-file.ts');
  let header: string | undefined = 'start,end,score,threshold,above,sensors\n';
  let above = 0;
  const { windows, threshold, round, counts } = await scoreFile(file, snapshot, (window) => {
    const { startUtc, endUtc, score, isAbove, sensors } = window;
    if (isAbove) above++;
    const most = sensors.map(({ name, share }) => `${name} ${Math.round(100 * share)}%`).join('; ');
    const cells = [startUtc, endUtc, score, snapshot.threshold ?? '', isAbove ? 1 : 0, quoted(most)];
    // Only above a first window: a file that cannot be scored leaves nothing behind.
    stdout.write(`${header ?? ''}${cells.join(',')}\n`);
    header = undefined;
  });
  const told = Object.entries(counts).filter(([name, count]) => count > 0 && name !== 'rows' && name !== 'samples');
  const unused = told.map(([name, count]) => `${name} ${countText(count)}`).join(', ');
  stderr.write(
    `${countText(windows)} windows, ${countText(above)} above the threshold ${valueText(threshold ?? null)} of round ${countText(round)}${unused === '' ? '' : `; ${unused}`}\n`,
  );
}

function quoted(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

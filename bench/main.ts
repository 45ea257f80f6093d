// The benchmark's command line: reads the arguments, runs the plan, prints the tables. Owns the exit code.
import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Command } from 'commander';
import { runTool } from '../scripts/run-tool.ts';
import { exitStopped, exitSuccess } from '../src/cli/exit-codes.ts';
import { watchStopSignals } from '../src/cli/interrupt.ts';
import type { StopSignal } from '../src/cli/ports.ts';
import { styleFor } from '../src/cli/style.ts';
import { writeFileAtomic } from '../src/lib/atomic-file.ts';
import { monotonicClock } from '../src/lib/clock.ts';
import { messageOf, OperatorError } from '../src/lib/errors.ts';
import { machine, projectVersion } from './machine.ts';
import { measure, type Pace } from './measure.ts';
import { dataRows } from './models.ts';
import { makePlan, narrow } from './plan.ts';
import { progressView } from './progress.ts';
import type { Results } from './results.ts';
import { resultsText } from './table.ts';

interface Flags {
  json?: string;
  only?: string[];
  quick?: boolean;
}

const fullPace: Pace = { rounds: 7, seconds: 0.25 };
const quickPace: Pace = { rounds: 1, seconds: 0.01 };
const stopSignals: readonly StopSignal[] = ['SIGINT', 'SIGTERM'];

function createCommand(done: (code: number) => void): Command {
  return new Command('bench')
    .description('Measures the engines, the codec, mixing and memory side by side with TensorFlow.js and PyTorch.')
    .option('--json <FILE>', 'write everything measured to a file')
    .option('--only <TEXT>', 'only what has the text in its name, section/column/row; may be given again', collect)
    .option('--quick', 'a little of everything, to see that it runs: the figures mean nothing')
    .addHelpText(
      'after',
      `
Sections: ${[...new Set(makePlan(false).map(({ section }) => section))].join(', ')}
Examples:
  node bench/main.ts --only training/48-128-16-128-48/32 --json results.json
  node bench/main.ts --only scoring --only codec/decode
PyTorch is found through RUMORMILL_PYTHON (default: python3).`,
    )
    .action(async (flags: Flags) => done(await run(flags)));
}

async function run({ json, only = [], quick = false }: Flags): Promise<number> {
  if (json !== undefined) await checkWritable(json);
  const plan = narrow(makePlan(quick), only);
  if (plan.length === 0) {
    throw new OperatorError(
      `--only ${only.join(', ')}: nothing has that in its name; names are section/column/row, such as training/48-128-16-128-48/32/pytorch`,
    );
  }
  const pace = quick ? quickPace : fullPace;
  const { stdout, stderr, env } = process;
  const style = styleFor(stderr, env);
  const view = progressView(stderr, monotonicClock, style, stderr.isTTY === true && env.TERM !== 'dumb');
  const ports = { onStopSignal, clock: monotonicClock, exit: (code: number) => process.exit(code) };
  const interrupt = watchStopSignals(ports, view);
  const circumstances = { startedAtUtc: new Date().toISOString(), machine: machine() };
  try {
    const measured = await measure(plan, pace, env, interrupt.signal, (progress) => view.update(progress));
    const results: Results = {
      rumormill: projectVersion(),
      ...circumstances,
      incomplete: interrupt.stoppedBy !== undefined,
      settings: { quick, only, rounds: pace.rounds, repetitionSeconds: pace.seconds, dataRows },
      ...measured,
    };
    view.end();
    if (json !== undefined) await writeFileAtomic(json, `${JSON.stringify(results, null, 2)}\n`);
    stdout.write(`\n${resultsText(plan, results, styleFor(stdout, env))}`);
    return interrupt.stoppedBy === undefined ? exitSuccess : exitStopped[interrupt.stoppedBy];
  } finally {
    interrupt.end();
  }
}

/** Better now than after minutes of measuring. */
async function checkWritable(path: string): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK);
  } catch (error) {
    throw new OperatorError(
      `--json ${path}: cannot be written (${messageOf(error)}); give a file in a folder of yours`,
    );
  }
  const existing = await stat(path).catch(() => undefined);
  if (existing?.isDirectory()) throw new OperatorError(`--json ${path}: is a folder; give a file`);
}

function onStopSignal(handler: (signal: StopSignal) => void): () => void {
  for (const signal of stopSignals) process.on(signal, handler);
  return () => {
    for (const signal of stopSignals) process.off(signal, handler);
  };
}

function collect(value: string, earlier: string[] = []): string[] {
  return [...earlier, value];
}

await runTool(createCommand);

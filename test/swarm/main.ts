// The swarm's command line: reads the arguments, shows how far it is, says how to repeat a failure. Owns the exit code.
import { randomInt } from 'node:crypto';
import { Command } from 'commander';
import { runTool } from '../../scripts/run-tool.ts';
import { exitStopped, exitSuccess } from '../../src/cli/exit-codes.ts';
import { durationText } from '../../src/cli/format.ts';
import { monotonicClock } from '../../src/lib/clock.ts';
import { OperatorError } from '../../src/lib/errors.ts';
import { type SwarmProgress, swarm } from './swarm.ts';
import { failureText, progressText } from './texts.ts';

interface Flags {
  minutes?: string;
  seed?: string;
}

const exitFailure = 1;
const lineEveryMs = { terminal: 3_000, pipe: 10_000 };

function createCommand(done: (code: number) => void): Command {
  return new Command('swarm')
    .description('Runs simulated fleets with settings and faults drawn at random, until a checker finds a bug.')
    .option('--minutes <M>', 'begin no run after M minutes')
    .option('--seed <S>', 'the first seed, with --minutes; without, the only one')
    .action(async (flags: Flags) => done(await run(flags)));
}

async function run(flags: Flags): Promise<number> {
  const minutes = minutesOf(flags.minutes);
  const given = seedOf(flags.seed);
  if (minutes === undefined && given === undefined) {
    throw new OperatorError('nothing says how long: give --minutes, or the one --seed to run');
  }
  const { stdout, stderr } = process;
  const seed = given ?? randomInt(2 ** 32);
  const startedMs = monotonicClock.nowMs();
  const endMs = startedMs + 60_000 * (minutes ?? 0);
  const everyMs = stderr.isTTY ? lineEveryMs.terminal : lineEveryMs.pipe;
  let latest: SwarmProgress = { runs: 0, repeated: 0, events: 0, simulatedMs: 0 };
  let nextLineMs = startedMs + everyMs;
  const line = () => progressText(latest, monotonicClock.nowMs() - startedMs);
  const controller = new AbortController();
  // npm passes a terminal's Ctrl-C on to the process that has had it already: whoever is stopping stays so.
  const stop = () => controller.abort();
  process.on('SIGINT', stop);
  if (minutes !== undefined) stderr.write(`From seed ${seed}, for ${durationText(60_000 * minutes)}\n`);
  try {
    const failure = await swarm({
      seed,
      signal: controller.signal,
      goesOn(progress) {
        latest = progress;
        const nowMs = monotonicClock.nowMs();
        if (nowMs >= nextLineMs) {
          stderr.write(`${line()}\n`);
          nextLineMs = nowMs + everyMs;
        }
        return nowMs < endMs;
      },
    });
    stdout.write(`${line()}\n`);
    if (failure !== undefined) {
      stdout.write(failureText(failure));
      return exitFailure;
    }
    stdout.write(controller.signal.aborted ? 'Stopped; no failure so far.\n' : 'No failure.\n');
    return controller.signal.aborted ? exitStopped.SIGINT : exitSuccess;
  } finally {
    process.off('SIGINT', stop);
  }
}

function minutesOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const minutes = Number(text);
  if (text.trim() !== '' && minutes > 0 && minutes < Number.POSITIVE_INFINITY) return minutes;
  throw new OperatorError(`--minutes ${text}: is no time; give a number above 0`);
}

function seedOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seed = Number(text);
  if (/^\d+$/.test(text) && seed < 2 ** 32) return seed;
  throw new OperatorError(`--seed ${text}: is no seed; give a whole number from 0 to 4294967295`);
}

await runTool(createCommand);

// The endurance tests' command line: gateways that are killed, that run for a long time, or whose LAN falls apart. Owns the exit
// code.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { runTool } from '../../scripts/run-tool.ts';
import { exitStopped, exitSuccess } from '../../src/cli/exit-codes.ts';
import { durationText } from '../../src/cli/format.ts';
import { monotonicClock } from '../../src/lib/clock.ts';
import { OperatorError } from '../../src/lib/errors.ts';
import { Prng } from '../../src/lib/prng.ts';
import { bytes } from '../../src/report/format.ts';
import { degradingMissing } from '../support/lan.ts';
import { type DayOptions, dayText, runDay } from './day.ts';
import { idleBytes } from './idle.ts';
import { Broken, type Kill, killOnce } from './kills.ts';
import { LanTrial, lanText } from './lan.ts';
import { LanPlant } from './lan-plant.ts';
import { writePlant } from './plant.ts';

const exitBroken = 1;

interface DayFlags {
  hours: string;
  speed: string;
  cpu?: string;
  busy?: true;
  built?: true;
}

function createCommand(done: (code: number) => void): Command {
  const command = new Command('endurance').description('Runs gateways for long, and kills them.');
  command
    .command('kills')
    .description('kill -9 at random moments of starting, training, storing and reading')
    .option('--count <N>', 'how often', '200')
    .option('--lanes <N>', 'gateways at the same time', '2')
    .option('--seed <TEXT>', 'of the moments', 'kills')
    .action(async (flags: { count: string; lanes: string; seed: string }) => done(await kills(flags)));
  command
    .command('day')
    .description('replay a day of eight sensors at 1 Hz to one gateway, a thousand times as fast')
    .option('--hours <N>', 'of data', '24')
    .option('--speed <N>', 'times as fast', '1000')
    .option('--cpu <PERCENT>', "the gateway's --cpu, such as 25%")
    .option('--busy', 'train without a pause')
    .option('--built', 'run dist/ in place of the sources')
    .action(async (flags: DayFlags) => {
      const { cpu, busy = false, built = false } = flags;
      const options = { hours: positive('--hours', flags.hours), speed: positive('--speed', flags.speed) };
      done(await day({ ...options, cpu, busy, built }));
    });
  command
    .command('idle')
    .description('run a gateway without a source, and say how much memory it holds')
    .option('--seconds <N>', 'for how long', '60')
    .option('--built', 'run dist/ in place of the sources')
    .action(async ({ seconds, built = false }: { seconds: string; built?: boolean }) => {
      const rssBytes = await idleBytes(positive('--seconds', seconds), built);
      process.stdout.write(`An idle gateway holds ${bytes(rssBytes)} of memory after ${seconds} s.\n`);
      done(exitSuccess);
    });
  command
    .command('lan')
    .description(
      'five gateways on a LAN of network namespaces: they meet, are parted and healed, and have bad links; needs root',
    )
    .option('--parted <SECONDS>', 'of the partition', '30')
    .option('--bad <SECONDS>', 'with bad links', '30')
    .option('--seed <TEXT>', 'of the order in which they start', 'lan')
    .action(async (flags: { parted: string; bad: string; seed: string }) => done(await lan(flags)));
  return command;
}

async function kills({ count: countText, lanes: lanesText, seed }: { count: string; lanes: string; seed: string }) {
  const count = positive('--count', countText);
  const lanes = positive('--lanes', lanesText);
  const { stderr, stdout } = process;
  const folder = await mkdtemp(join(tmpdir(), 'rumormill-kills-'));
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.on('SIGINT', stop);
  const startedMs = monotonicClock.nowMs();
  const all: Kill[] = [];
  let begun = 0;
  try {
    const lane = async (index: number) => {
      const prng = new Prng(`${seed}/${index}`);
      const plant = await writePlant(folder, {
        hours: 2,
        speed: 3600,
        rounds: { intervalMs: 20, stepsPerRound: 20 },
        seed: `${index}`,
      });
      let before: Kill | undefined;
      while (begun < count && !stopping.signal.aborted) {
        begun++;
        before = await killOnce(plant, join(folder, `state-${index}`), prng, before);
        all.push(before);
        stderr.write(
          `${all.length} of ${count} after ${durationText(monotonicClock.nowMs() - startedMs)}: ${before.while} ${before.afterMs} ms, round ${before.told} told, ${before.kept} kept\n`,
        );
      }
    };
    await Promise.all(Array.from({ length: lanes }, (_, i) => lane(i)));
    stdout.write(killsText(all));
    return stopping.signal.aborted ? exitStopped.SIGINT : exitSuccess;
  } catch (error) {
    stopping.abort();
    if (!(error instanceof Broken)) throw error;
    stdout.write(`${killsText(all)}Broken: ${error.message}\n`);
    return exitBroken;
  } finally {
    process.off('SIGINT', stop);
    await rm(folder, { recursive: true, force: true });
  }
}

function killsText(all: readonly Kill[]): string {
  const starting = all.filter((kill) => kill.while === 'starting').length;
  const behind = all.filter(({ told, kept }) => told > kept).length;
  const rounds = all.reduce((most, { kept }) => Math.max(most, kept), 0);
  return (
    `${all.length} kills, ${starting} of them while the gateway started: the database was whole each time; ` +
    `the newest checkpoint was one round behind ${behind} times and never more; up to ${rounds} rounds\n`
  );
}

async function day(options: DayOptions): Promise<number> {
  const { summary, code } = await runDay(options, (line) => process.stderr.write(`${line}\n`));
  process.stdout.write(dayText(summary));
  const share = options.cpu === undefined ? Number.POSITIVE_INFINITY : Number.parseFloat(options.cpu) / 100;
  return code === exitSuccess && (summary.cpuShareMost ?? 0) > share ? exitBroken : code;
}

/** Looks between two lines of the table. */
const lanTableEvery = 2;

async function lan({ parted, bad, seed }: { parted: string; bad: string; seed: string }): Promise<number> {
  const times = {
    togetherSeconds: 10,
    partedSeconds: positive('--parted', parted),
    healedSeconds: 60,
    settledSeconds: 20,
    badSeconds: positive('--bad', bad),
  };
  const missing = degradingMissing();
  if (missing !== undefined) throw new OperatorError(`lan: ${missing}; run it where it can be made`);
  const { stderr, stdout } = process;
  let code: number = exitSuccess;
  let stop: (() => void) | undefined;
  try {
    await LanPlant.with(async (plant) => {
      stop = () => {
        code = exitStopped.SIGINT;
        // Whatever runs then fails, and everything is taken down.
        void plant.kill();
      };
      process.on('SIGINT', stop);
      const trial = new LanTrial(plant, (line) => stderr.write(`${line}\n`));
      await trial.meet(new Prng(seed));
      await trial.part(times);
      await trial.degrade(times);
      await trial.judgeStranger();
      stdout.write(lanText(trial, lanTableEvery));
      if (!trial.holds) code = exitBroken;
    });
  } catch (error) {
    if (code !== exitStopped.SIGINT) throw error;
  } finally {
    if (stop) process.off('SIGINT', stop);
  }
  return code;
}

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && Number.isFinite(value)) return value;
  throw new OperatorError(`${flag} ${text}: give a number above 0`);
}

await runTool(createCommand);

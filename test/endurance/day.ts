// A day of data replayed to one gateway: its memory, CPU time and files as they go. Prints nothing but through `say`.
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { exitStopped, exitSuccess } from '../../src/cli/exit-codes.ts';
import { countText, durationText } from '../../src/cli/format.ts';
import { monotonicClock } from '../../src/lib/clock.ts';
import { bytes } from '../../src/report/format.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { writePlant } from './plant.ts';

export interface DayOptions {
  /** Of data. */
  hours: number;
  /** Of the replay. */
  speed: number;
  /** The gateway's --cpu. */
  cpu: string | undefined;
  /** Whether to train without a pause. */
  busy: boolean;
  /** Whether to run dist/. */
  built: boolean;
}

/** One look at the gateway. */
interface Sample {
  /** Hours of data so far. */
  hours: number;
  seconds: number;
  rssBytes: number;
  cpuSeconds: number;
  fileBytes: number;
  rounds: number;
  windows: number;
}

export interface DaySummary {
  options: DayOptions;
  samples: Sample[];
  /** Highest CPU share of one core over any ten seconds after the first twenty; undefined for a run that was too short. */
  cpuShareMost: number | undefined;
  /** Least squares over the second half, by hour of data. */
  rssBytesPerHour: number;
  fileBytesPerHour: number;
}

/** What `npm run build` makes. */
export const builtMain = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

const lookEveryMs = 1000;
const lineEverySeconds = 10;
const settleSeconds = 20;
const shareOverSeconds = 10;
const rounds = { intervalMs: 100, stepsPerRound: 20 };
/** The shortest rounds that a manifest can have, and longer to train than they last. */
const busyRounds = { intervalMs: 10, stepsPerRound: 400 };

/** Runs the day; the code is that of the gateway's own stop. */
export async function runDay(
  options: DayOptions,
  say: (line: string) => void,
): Promise<{ summary: DaySummary; code: number }> {
  const { hours, speed, cpu, busy, built } = options;
  const folder = await mkdtemp(join(tmpdir(), 'rumormill-day-'));
  const state = join(folder, 'state');
  const plant = await writePlant(folder, { hours, speed, rounds: busy ? busyRounds : rounds, seed: 'day' });
  const gateway = GatewayProcess.start({
    args: [plant.manifest, '--source', plant.source, '--no-mdns', '--port', '0', ...(cpu ? ['--cpu', cpu] : [])],
    state,
    ...(built && { main: builtMain }),
  });
  let stopped = false;
  const stop = () => {
    stopped = true;
  };
  process.on('SIGINT', stop);
  try {
    await gateway.until(({ source }) => (source.counts.samples ?? 0) > 0, 'the first sample');
    const startedMs = monotonicClock.nowMs();
    const samples: Sample[] = [];
    while (!stopped && (samples.at(-1)?.hours ?? 0) < hours) {
      await delay(lookEveryMs);
      const sample = await look(gateway, state, startedMs);
      samples.push(sample);
      if (samples.length % lineEverySeconds === 0) say(lineText(sample, options));
    }
    const exit = await gateway.stop();
    if (exit !== exitStopped.SIGINT) throw new Error(`the gateway ended with ${exit}\n${gateway.output}`);
    return { summary: summaryOf(options, samples), code: stopped ? exitStopped.SIGINT : exitSuccess };
  } finally {
    process.off('SIGINT', stop);
    await gateway.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

/** From outside where the system tells: /proc; the gateway's own word elsewhere. */
async function look(gateway: GatewayProcess, state: string, startedMs: number): Promise<Sample> {
  const status = await gateway.until(() => true, 'the status');
  const names = await readdir(state);
  const sizes = await Promise.all(names.map((name) => stat(join(state, name)).then(({ size }) => size)));
  return {
    hours: (status.source.counts.samples ?? 0) / 3600,
    seconds: (monotonicClock.nowMs() - startedMs) / 1000,
    rssBytes: (await residentBytes(gateway.pid)) ?? status.process.rssBytes,
    cpuSeconds: status.process.cpuSeconds,
    fileBytes: sizes.reduce((sum, size) => sum + size, 0),
    rounds: status.model.round,
    windows: status.data.counts.windows ?? 0,
  };
}

/** What the process of `pid` holds, where the system tells. */
export async function residentBytes(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => undefined);
  const kib = text && /^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1];
  return kib ? 1024 * Number(kib) : undefined;
}

function summaryOf(options: DayOptions, samples: Sample[]): DaySummary {
  const settled = samples.filter(({ seconds }) => seconds >= settleSeconds);
  const shares = settled.flatMap((to) => {
    const from = settled.find(({ seconds }) => to.seconds - seconds <= shareOverSeconds);
    if (from === undefined || to.seconds - from.seconds < 0.9 * shareOverSeconds) return [];
    return [(to.cpuSeconds - from.cpuSeconds) / (to.seconds - from.seconds)];
  });
  const half = samples.slice(samples.length >> 1);
  return {
    options,
    samples,
    cpuShareMost: shares.length === 0 ? undefined : Math.max(...shares),
    rssBytesPerHour: slope(half, ({ rssBytes }) => rssBytes),
    fileBytesPerHour: slope(half, ({ fileBytes }) => fileBytes),
  };
}

/** Least squares of `value` over hours of data. */
function slope(samples: readonly Sample[], value: (sample: Sample) => number): number {
  const meanHours = samples.reduce((sum, { hours }) => sum + hours, 0) / samples.length;
  const mean = samples.reduce((sum, sample) => sum + value(sample), 0) / samples.length;
  const products = samples.reduce((sum, sample) => sum + (sample.hours - meanHours) * (value(sample) - mean), 0);
  return products / samples.reduce((sum, { hours }) => sum + (hours - meanHours) ** 2, 0);
}

function lineText({ hours, seconds, rssBytes, cpuSeconds, fileBytes, rounds }: Sample, options: DayOptions): string {
  const left = hours > 0 ? `, about ${durationText((1000 * seconds * (options.hours - hours)) / hours)} left` : '';
  return `${hours.toFixed(1)} h of ${options.hours}, ${bytes(rssBytes)} of memory, ${cpuSeconds.toFixed(1)} s of CPU, ${bytes(fileBytes)} of files, round ${countText(rounds)}${left}`;
}

/** A table of about a dozen looks, then the slopes. */
export function dayText({ options, samples, cpuShareMost, rssBytesPerHour, fileBytesPerHour }: DaySummary): string {
  const step = Math.max(1, Math.floor(samples.length / 12));
  const shown = samples.filter((_, i) => (samples.length - 1 - i) % step === 0);
  const widths = [8, 10, 10, 10, 10, 10];
  const row = (cells: string[]) => cells.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('');
  const lines = shown.map((sample, i) => {
    const before = shown[i - 1] ?? { seconds: 0, cpuSeconds: 0 };
    const share = (sample.cpuSeconds - before.cpuSeconds) / (sample.seconds - before.seconds);
    return row([
      sample.hours.toFixed(1),
      bytes(sample.rssBytes),
      `${(100 * share).toFixed(0)} %`,
      bytes(sample.fileBytes),
      countText(sample.rounds),
      countText(sample.windows),
    ]);
  });
  const signed = (value: number) => `${value < 0 ? '−' : '+'}${bytes(Math.abs(value))}`;
  return `${[
    `${options.hours} h of 8 sensors at 1 Hz, ${countText(options.speed)} times as fast${options.busy ? ', training without a pause' : ''}${options.cpu ? `, --cpu ${options.cpu}` : ''}`,
    row(['hours', 'memory', 'of a core', 'files', 'rounds', 'windows']),
    ...lines,
    `Second half, by hour of data: memory ${signed(rssBytesPerHour)}, files ${signed(fileBytesPerHour)}.`,
    cpuShareMost === undefined
      ? `Too short for the share of a core over ${shareOverSeconds} s after the first ${settleSeconds} s.`
      : `Most of a core over any ${shareOverSeconds} s after the first ${settleSeconds} s: ${(100 * cpuShareMost).toFixed(1)} %.`,
  ].join('\n')}\n`;
}

// Live source: a CSV file, read once, replayed at a speed, or followed as it grows. Owns the file and the pace; lines and
// cells are elsewhere.
import { createReadStream, existsSync } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { isGzip } from '../../data/csv-file.ts';
import type { Clock } from '../../lib/clock.ts';
import { messageOf, OperatorError } from '../../lib/errors.ts';
import { sleep } from './back-off.ts';
import { CsvRows } from './csv-rows.ts';
import { followFile } from './followed-file.ts';
import { type Line, LineSplitter } from './line-splitter.ts';
import { Readings } from './readings.ts';
import type { SensorTable } from './sensor-table.ts';
import type { Sample, Source, SourceSink } from './source.ts';
import type { CsvConfig } from './source-config.ts';
import type { Surroundings } from './surroundings.ts';

/** A CSV file's rows as samples. */
export class CsvSource implements Source {
  readonly name: string;
  private readonly config: CsvConfig;
  private readonly table: SensorTable;
  private readonly clock: Clock;

  /** Throws OperatorError where the settings do not go together. */
  constructor(config: CsvConfig, table: SensorTable, { clock }: Surroundings) {
    const replay = config.speed !== undefined ? 'speed' : config.repeat ? 'repeat' : undefined;
    if (config.follow && replay !== undefined) {
      throw new OperatorError(
        `${replay}: a file that is followed has no end and its own pace; remove follow or ${replay}`,
      );
    }
    if (config.follow && isGzip(config.path)) {
      throw new OperatorError(`follow: ${config.path} is compressed and cannot be followed; remove follow`);
    }
    this.name = config.path;
    this.config = config;
    this.table = table;
    this.clock = clock;
  }

  async run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    const readings = new Readings(this.table, sink);
    try {
      if (this.config.follow) await this.follow(readings, signal);
      else await this.replay(readings, signal);
    } catch (error) {
      throw explain(error, this.config.path);
    }
  }

  private async follow(readings: Readings, signal: AbortSignal): Promise<void> {
    const rows = new CsvRows(this.name, this.config.time, readings);
    const splitter = new LineSplitter();
    if (!existsSync(this.config.path)) readings.sink.say(`${this.name}: is not there yet and is waited for`);
    const onTrouble = (error: Error) => {
      const sentence = `${this.name}: cannot be read now (${messageOf(error)}), and is tried again until it can`;
      readings.sayOnce('unreadable', sentence);
    };
    for await (const part of followFile(this.config.path, signal, onTrouble)) {
      if (part === 'restart') {
        // Nobody will finish this line, and it may be cut inside a number.
        if (splitter.rest() !== undefined) readings.malformed(`${this.name}: the last line of a file has no end`);
        rows.restart();
        continue;
      }
      for (const line of splitter.push(part)) {
        const sample = rows.read(line);
        if (sample !== undefined) await readings.deliver(sample);
        if (signal.aborted) return;
      }
    }
  }

  private async replay(readings: Readings, signal: AbortSignal): Promise<void> {
    const { speed, repeat } = this.config;
    const pace = speed === undefined ? undefined : new Pace(this.clock, speed);
    let shiftMs = 0;
    do {
      const rows = new CsvRows(this.name, this.config.time, readings);
      const span = new Span();
      for await (const line of linesOf(this.config.path, signal)) {
        const sample = rows.read(line);
        if (sample === undefined) continue;
        span.add(sample);
        sample.timeMs += shiftMs;
        await pace?.until(sample.timeMs, signal);
        if (signal.aborted) return;
        await readings.deliver(sample);
      }
      if (span.rows === 0) return;
      shiftMs += span.periodMs;
    } while (repeat && !signal.aborted);
  }
}

/** Times of one reading of a file. */
class Span {
  rows = 0;
  private firstMs = 0;
  private lastMs = Number.NEGATIVE_INFINITY;

  add({ timeMs }: Sample): void {
    if (this.rows === 0) this.firstMs = timeMs;
    this.lastMs = Math.max(this.lastMs, timeMs);
    this.rows += 1;
  }

  /** From the first row to where a next one would be. */
  get periodMs(): number {
    const spanMs = this.lastMs - this.firstMs;
    return spanMs + (this.rows > 1 ? spanMs / (this.rows - 1) : 1000);
  }
}

/** Holds samples back until their time has come, `speed` times as fast as they were measured. */
class Pace {
  private readonly clock: Clock;
  private readonly speed: number;
  private start: { timeMs: number; atMs: number } | undefined;

  constructor(clock: Clock, speed: number) {
    this.clock = clock;
    this.speed = speed;
  }

  async until(timeMs: number, signal: AbortSignal): Promise<void> {
    this.start ??= { timeMs, atMs: this.clock.nowMs() };
    const dueMs = this.start.atMs + (timeMs - this.start.timeMs) / this.speed;
    for (let waitMs = dueMs - this.clock.nowMs(); waitMs > 0 && !signal.aborted; waitMs = dueMs - this.clock.nowMs()) {
      await sleep(Math.min(waitMs, longestSleepMs), signal);
    }
  }
}

/** Timers take 31 bits of milliseconds. */
const longestSleepMs = 86_400_000;

async function* linesOf(path: string, signal: AbortSignal): AsyncGenerator<Line> {
  const file = createReadStream(path);
  // The iteration below throws what pipeline() reports.
  const bytes = isGzip(path) ? pipeline(file, createGunzip(), () => undefined) : file;
  const splitter = new LineSplitter();
  for await (const chunk of bytes) {
    for (const line of splitter.push(chunk as Buffer)) {
      yield line;
      if (signal.aborted) return;
    }
  }
  const rest = splitter.rest();
  if (rest !== undefined) yield rest;
}

function explain(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOENT' || code === 'ENOTDIR') return new OperatorError(`${path}: no such file; check the source`);
  if (code === 'EACCES' || code === 'EPERM') {
    return new OperatorError(`${path}: not allowed to read it; check its permissions`);
  }
  if (code === 'EISDIR') return new OperatorError(`${path}: is a folder where a file is needed; give a CSV file`);
  if (code.startsWith('Z_')) {
    return new OperatorError(`${path}: the gzip data is damaged or cut off (${messageOf(error)}); copy the file again`);
  }
  return error;
}

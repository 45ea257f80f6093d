// Live source: standard input, as CSV or as JSON lines. Owns telling them apart and the end of the stream.
import { CsvRows } from './csv-rows.ts';
import { jsonSample } from './json-readings.ts';
import { type Line, LineSplitter } from './line-splitter.ts';
import { Readings } from './readings.ts';
import type { SensorTable } from './sensor-table.ts';
import type { Sample, Source, SourceSink } from './source.ts';
import type { StdinConfig } from './source-config.ts';
import type { Surroundings } from './surroundings.ts';

/** Lines of standard input as samples; lines without a time stamp are of the moment they arrive. Reads no faster than the sink takes. */
export class StdinSource implements Source {
  readonly name = 'standard input';
  private readonly config: StdinConfig;
  private readonly table: SensorTable;
  private readonly surroundings: Surroundings;

  constructor(config: StdinConfig, table: SensorTable, surroundings: Surroundings) {
    this.config = config;
    this.table = table;
    this.surroundings = surroundings;
  }

  async run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    const readings = new Readings(this.table, sink);
    const read = this.reader(readings);
    const { stdin } = this.surroundings;
    const stop = (): unknown => stdin.destroy();
    signal.addEventListener('abort', stop, { once: true });
    const splitter = new LineSplitter();
    const take = async (line: Line): Promise<void> => {
      const sample = read(line);
      if (sample !== undefined) await readings.deliver(sample);
    };
    try {
      if (signal.aborted) return;
      for await (const chunk of stdin) {
        for (const line of splitter.push(chunk)) {
          await take(line);
          if (signal.aborted) return;
        }
      }
      const rest = splitter.rest();
      if (rest !== undefined) await take(rest);
    } catch (error) {
      // Destroying a stream ends its iteration with an error.
      if (!signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** Reads a line; the first one that is not blank decides the format. */
  private reader(readings: Readings): (line: Line) => Sample | undefined {
    const nowMs = (): number => this.surroundings.wallClock.nowMs();
    const rows = new CsvRows(this.name, this.config.time, readings, nowMs);
    let isJson: boolean | undefined;
    return (line) => {
      if (isJson === undefined && typeof line === 'string' && line.trim() !== '') {
        isJson = line.trimStart().startsWith('{');
      }
      if (isJson !== true || typeof line !== 'string') return rows.read(line);
      if (line.trim() === '') return undefined;
      try {
        return jsonSample(JSON.parse(line), { time: this.config.time }, undefined, nowMs(), readings);
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        readings.malformed(`${this.name}: a line is no JSON`);
        return undefined;
      }
    };
  }
}

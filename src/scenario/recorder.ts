// A run's folder while the run goes on. Owns the files' names, that lines are whole, and that nothing half-made stays.
import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../lib/atomic-file.ts';
import { messageOf, OperatorError } from '../lib/errors.ts';
import type { MetricsEvent, Summary } from './results.ts';

/** Writes config.yaml at once, metrics.jsonl line by line, summary.json at the end. */
export class Recorder {
  readonly folder: string;
  private readonly lines: WriteStream;
  private failure: Error | undefined;

  private constructor(folder: string) {
    this.folder = folder;
    this.lines = createWriteStream(join(folder, 'metrics.jsonl'));
    this.lines.on('error', (error) => {
      this.failure ??= new OperatorError(
        `cannot write ${join(folder, 'metrics.jsonl')}: ${error.message}; free the disk or name another --out`,
      );
    });
  }

  /** Throws OperatorError where the folder holds something already or cannot be made. */
  static async open(folder: string, configYaml: string): Promise<Recorder> {
    try {
      await mkdir(folder, { recursive: true });
      if ((await readdir(folder)).length > 0) {
        throw new OperatorError(`${folder} is not empty; name a new folder with --out`);
      }
      await writeFileAtomic(join(folder, 'config.yaml'), configYaml);
    } catch (error) {
      if (error instanceof OperatorError) throw error;
      throw new OperatorError(`cannot write to ${folder}: ${messageOf(error)}; name another folder with --out`);
    }
    return new Recorder(folder);
  }

  record(event: MetricsEvent): void {
    this.lines.write(`${JSON.stringify(event)}\n`);
  }

  /** Closes metrics.jsonl and writes summary.json. */
  async finish(summary: Summary): Promise<void> {
    await this.close();
    if (this.failure) throw this.failure;
    await writeFileAtomic(join(this.folder, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
  }

  /** Removes what was written: a run that failed leaves no folder that looks like a result. */
  async discard(): Promise<void> {
    await this.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Closes metrics.jsonl. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.lines.closed) return resolve();
      this.lines.once('close', resolve);
      this.lines.end();
    });
  }
}

// A world for the command line in tests: streams that remember, a clock and signals that the test moves.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { Output, Ports, StopSignal } from '../../src/cli/ports.ts';
import type { GatewaySettings } from '../../src/node/gateway/run-gateway.ts';
import type { RunOptions } from '../../src/scenario/progress.ts';
import type { Summary } from '../../src/scenario/results.ts';
import type { Scenario } from '../../src/scenario/schema.ts';

/** A stream that keeps what is written to it; with `columns` it passes for a terminal. */
export class TextOutput extends Writable {
  text = '';
  readonly isTTY: boolean;
  readonly columns: number;

  constructor(columns?: number) {
    super({ decodeStrings: false });
    this.isTTY = columns !== undefined;
    this.columns = columns ?? 80;
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** A clock that the test sets. */
export class HandClock {
  ms = 0;

  nowMs(): number {
    return this.ms;
  }
}

/** What runScenario() does in a test, given the options of the command. */
export type FakeRun = (scenario: Scenario, options: RunOptions) => Promise<Summary>;

/** Ports that touch nothing but the output folder. */
export class FakePorts implements Ports {
  readonly stdout: Output & TextOutput;
  readonly stderr: Output & TextOutput;
  readonly environment: NodeJS.ProcessEnv = {};
  readonly clock = new HandClock();
  /** Codes that the program asked to exit with at once. */
  readonly exits: number[] = [];
  readonly reported: string[] = [];
  readonly runScenario: FakeRun;
  private readonly handlers = new Set<(signal: StopSignal) => void>();

  constructor(runScenario: FakeRun, columns: { stdout?: number; stderr?: number } = {}) {
    this.runScenario = runScenario;
    this.stdout = new TextOutput(columns.stdout);
    this.stderr = new TextOutput(columns.stderr);
  }

  today(): Date {
    return new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 678));
  }

  onStopSignal(handler: (signal: StopSignal) => void): () => void {
    this.handlers.add(handler);
    return () => this.handlers.delete(handler);
  }

  /** Delivers a signal to whoever watches, and says to how many. */
  send(signal: StopSignal): number {
    for (const handler of this.handlers) handler(signal);
    return this.handlers.size;
  }

  /** What the commands wanted a gateway to be. */
  readonly gateways: GatewaySettings[] = [];

  async runGateway(settings: GatewaySettings): Promise<void> {
    this.gateways.push(settings);
  }

  exit(code: number): void {
    this.exits.push(code);
  }

  async writeReport(folder: string): Promise<void> {
    this.reported.push(folder);
    await writeFile(join(folder, 'report.html'), '<html></html>');
  }
}

/** Writes the files that a run leaves, and returns its summary. */
export async function writeResults(folder: string, summary: Summary): Promise<Summary> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.yaml'), 'name: offshore-wells\n');
  await writeFile(join(folder, 'metrics.jsonl'), '');
  await writeFile(join(folder, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
  return summary;
}

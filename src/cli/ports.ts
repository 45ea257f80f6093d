// What the commands need from the world outside, so that tests can give their own. Types only.
import type { Clock } from '../lib/clock.ts';
import type { GatewayPorts, GatewaySettings } from '../node/gateway/run-gateway.ts';
import type { RunOptions } from '../scenario/progress.ts';
import type { Summary } from '../scenario/results.ts';
import type { Scenario } from '../scenario/schema.ts';

/** Standard output or standard error; `columns` where it is a terminal. */
export type Output = NodeJS.WritableStream & { isTTY?: boolean; columns?: number };

/** A signal that asks the run to stop. */
export type StopSignal = 'SIGINT' | 'SIGTERM';

/** Everything outside the commands. */
export interface Ports {
  stdout: Output;
  stderr: Output;
  environment: NodeJS.ProcessEnv;
  clock: Clock;
  /** The wall clock, for the names of output folders. */
  today(): Date;
  /** Calls `handler` at each stop signal until the returned function is called. */
  onStopSignal(handler: (signal: StopSignal) => void): () => void;
  /** Ends the process at once. */
  exit(code: number): void;
  /** Runs a scenario; see src/scenario/run.ts. */
  runScenario(scenario: Scenario, options: RunOptions): Promise<Summary>;
  /** Runs a gateway until the signal aborts; see src/node/gateway/run-gateway.ts. */
  runGateway(settings: GatewaySettings, ports: GatewayPorts, signal: AbortSignal): Promise<void>;
  /** Writes report.html into a folder with results. */
  writeReport(folder: string): Promise<unknown>;
}

// Ties the program to this process: streams, signals, exit code. The only file of the command line that ends the process.
import { monotonicClock } from '../lib/clock.ts';
import { exitBug, exitPipeClosed } from './exit-codes.ts';
import type { Ports, StopSignal } from './ports.ts';
import { runProgram } from './program.ts';

const stopSignals: readonly StopSignal[] = ['SIGINT', 'SIGTERM'];

/** Runs the command line of this process to its end and exits. The runner and the report are loaded when first needed. */
export async function startProcess(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', endOnClosedPipe);
  process.on('uncaughtException', (error) => {
    process.stderr.write(`error: this is a defect of Rumormill; please report it with these lines\n${error.stack}\n`);
    process.exit(exitBug);
  });
  const code = await runProgram(process.argv.slice(2), processPorts());
  await Promise.all([drained(process.stdout), drained(process.stderr)]);
  process.exit(code);
}

function processPorts(): Ports {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    clock: monotonicClock,
    today: () => new Date(),
    onStopSignal: (handler) => {
      for (const signal of stopSignals) process.on(signal, handler);
      return () => {
        for (const signal of stopSignals) process.off(signal, handler);
      };
    },
    exit: (code) => process.exit(code),
    runScenario: async (scenario, options) => (await import('../scenario/run.ts')).runScenario(scenario, options),
    runGateway: async (...args) => (await import('../node/gateway/run-gateway.ts')).runGateway(...args),
    writeReport: async (folder) => (await import('../report/report.ts')).writeReport(folder),
  };
}

function endOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(exitPipeClosed);
  throw error;
}

function drained(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}

// Stop signals: the first ends a run cleanly, the second at once. Owns the wait between them; writes no results.
import { exitStopped } from './exit-codes.ts';
import type { Ports, StopSignal } from './ports.ts';

/** npm passes a terminal's Ctrl-C on to the process that has already had it: that copy is not a second one. */
const copyMs = 500;

/** Where it is said that a run stops. */
interface View {
  note(line: string): void;
  /** Called before the process ends at once. */
  end(): void;
}

/** A run's view of the stop signals. */
export interface Interrupt {
  /** Fires at the first one. */
  signal: AbortSignal;
  /** The first one that came, if any. */
  readonly stoppedBy: StopSignal | undefined;
  /** Stops watching. */
  end(): void;
}

/** Watches for stop signals until end(): says so at the first and aborts the run, ends the process at the second. */
export function watchStopSignals(ports: Pick<Ports, 'onStopSignal' | 'clock' | 'exit'>, view: View): Interrupt {
  const controller = new AbortController();
  let first: { signal: StopSignal; atMs: number } | undefined;
  const end = ports.onStopSignal((signal) => {
    if (first === undefined) {
      first = { signal, atMs: ports.clock.nowMs() };
      view.note('Stopping; writing what is finished…');
      controller.abort();
    } else if (ports.clock.nowMs() - first.atMs >= copyMs) {
      view.end();
      ports.exit(exitStopped[first.signal]);
    }
  });
  return {
    signal: controller.signal,
    get stoppedBy() {
      return first?.signal;
    },
    end,
  };
}

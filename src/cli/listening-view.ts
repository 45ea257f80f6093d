// Shows how a source is listened to: a line that is redrawn on a terminal, one line a step elsewhere. Writes to standard error only.
import { createLogUpdate } from 'log-update';
import type { Heard } from '../node/live-profile.ts';
import { countText, durationText, safeText } from './format.ts';
import type { Ports } from './ports.ts';

/** Somewhere to show what was heard. */
export interface ListeningView {
  heard(heard: Heard): void;
  /** Shows a line that stays. */
  note(line: string): void;
  /** Says what was heard; nothing is shown after it. */
  end(): void;
}

const refreshMs = 200;

/** Begins to show; `source` is what is listened to, for `forMs`. */
export function listeningView(
  { stderr, clock, environment }: Pick<Ports, 'stderr' | 'clock' | 'environment'>,
  source: string,
  forMs: number,
): ListeningView {
  const startedMs = clock.nowMs();
  let latest: Heard = { sensors: 0, values: 0 };
  const goneMs = () => clock.nowMs() - startedMs;
  const figures = () => `${countText(latest.sensors)} names, ${countText(latest.values)} values`;
  const name = safeText(source);
  const log = stderr.isTTY === true && environment.TERM !== 'dumb' ? createLogUpdate(stderr) : undefined;
  const write = (line: string) => stderr.write(`${line}\n`);
  const draw = () => log?.(`${name}: ${durationText(Math.max(0, forMs - goneMs()))} left, ${figures()}`);
  if (log === undefined) write(`${name}: listening for ${durationText(forMs)}`);
  draw();
  const timer = log && setInterval(draw, refreshMs);
  return {
    heard: (heard) => {
      latest = heard;
    },
    note: (line) => {
      if (log === undefined) write(line);
      else {
        log.persist(line);
        draw();
      }
    },
    end: () => {
      clearInterval(timer);
      log?.clear();
      log?.done();
      write(`${name}: ${figures()} in ${durationText(goneMs())}`);
    },
  };
}

// Shows a run while it goes on: a live block on a terminal, one line a step elsewhere. Writes to one stream only.
import { createLogUpdate } from 'log-update';
import type { Clock } from '../lib/clock.ts';
import type { RunProgress } from '../scenario/progress.ts';
import { barText, countText, durationText, valueText } from './format.ts';
import type { Output } from './ports.ts';
import type { Style } from './style.ts';

/** Somewhere to show progress. */
export interface ProgressView {
  update(progress: RunProgress): void;
  /** Shows a line that stays. */
  note(line: string): void;
  /** Nothing is shown after it. */
  end(): void;
}

/** What is known of a run before its first progress. */
export interface RunTitle {
  name: string;
  transport: string;
}

const refreshMs = 100;
const estimateAfterMs = 2_000;
const lineEveryMs = 30_000;
const labelWidth = 12;

/** Shows notes only. */
export function quietView(output: Output): ProgressView {
  return {
    update: () => undefined,
    note: (line) => output.write(`${line}\n`),
    end: () => undefined,
  };
}

/** One line when a method has finished a seed, and one every half minute inside a longer one. No control codes. */
export function plainView(output: Output, clock: Clock, title: RunTitle): ProgressView {
  const rate = new Rate(clock);
  let latest: RunProgress | undefined;
  let stepStartedMs = clock.nowMs();
  let lineMs = stepStartedMs;
  const write = (line: string) => {
    lineMs = clock.nowMs();
    output.write(`${line}\n`);
  };
  const finishStep = (isLast: boolean) => {
    if (latest === undefined) return;
    const seconds = ((clock.nowMs() - stepStartedMs) / 1000).toFixed(1);
    const isStopped = isLast && latest.round < latest.rounds;
    const state = isStopped ? `stopped at round ${latest.round} of ${latest.rounds}` : 'finished';
    write([`${stepText(latest)} ${state} in ${seconds} s`, ...figures(latest)].join(', '));
    stepStartedMs = lineMs;
  };
  write(`${title.name} over ${title.transport}: started`);
  return {
    update: (progress) => {
      if (latest !== undefined && (latest.seedIndex !== progress.seedIndex || latest.method !== progress.method)) {
        finishStep(false);
      }
      latest = progress;
      rate.update(progress.fractionDone);
      if (clock.nowMs() - lineMs < lineEveryMs) return;
      const left = rate.leftMs();
      write(
        [
          `${stepText(progress)} at round ${progress.round} of ${progress.rounds}`,
          ...figures(progress),
          ...(left === undefined ? [] : [`about ${durationText(left)} left`]),
        ].join(', '),
      );
    },
    note: write,
    end: () => {
      finishStep(true);
      latest = undefined;
    },
  };
}

/** A block of four lines that is redrawn in place, at most ten times a second, and wiped at the end. */
export function liveView(output: Output, clock: Clock, style: Style, title: RunTitle): ProgressView {
  const log = createLogUpdate(output);
  const rate = new Rate(clock);
  let latest: RunProgress | undefined;
  let drawnMs = Number.NEGATIVE_INFINITY;
  const draw = () => {
    drawnMs = clock.nowMs();
    log(blockText(title, latest, rate, output.columns ?? 80, style));
  };
  draw();
  const timer = setInterval(draw, refreshMs * 2);
  timer.unref();
  return {
    update: (progress) => {
      latest = progress;
      rate.update(progress.fractionDone);
      if (clock.nowMs() - drawnMs >= refreshMs) draw();
    },
    note: (line) => {
      log.persist(line);
      draw();
    },
    end: () => {
      clearInterval(timer);
      log.clear();
      log.done();
    },
  };
}

/** How fast a run goes, from the share done at each moment. */
export class Rate {
  private readonly clock: Clock;
  private readonly startedMs: number;
  private first: { atMs: number; fraction: number } | undefined;
  private fraction = 0;

  constructor(clock: Clock) {
    this.clock = clock;
    this.startedMs = clock.nowMs();
  }

  /** Takes the share done now, in [0, 1]. */
  update(fraction: number): void {
    this.first ??= { atMs: this.clock.nowMs(), fraction };
    this.fraction = fraction;
  }

  /** Share done, in [0, 1]. */
  done(): number {
    return this.fraction;
  }

  /** Milliseconds since this was made. */
  goneMs(): number {
    return this.clock.nowMs() - this.startedMs;
  }

  /** Milliseconds until the end at the mean speed so far; undefined before two seconds of progress. */
  leftMs(): number | undefined {
    if (this.first === undefined) return undefined;
    const spentMs = this.clock.nowMs() - this.first.atMs;
    const gained = this.fraction - this.first.fraction;
    if (spentMs < estimateAfterMs || gained <= 0) return undefined;
    return (spentMs / gained) * (1 - this.fraction);
  }
}

/** The live block: at most `columns` − 1 characters a line. */
export function blockText(
  title: RunTitle,
  progress: RunProgress | undefined,
  rate: Rate,
  columns: number,
  style: Style,
): string {
  const width = columns - 1;
  const head = `${title.name} over ${title.transport}`;
  if (progress === undefined)
    return style('bold', cut(`${head}: loading the data, ${durationText(rate.goneMs())}`, width));
  const barWidth = Math.min(40, Math.max(8, width - labelWidth - 41));
  const bar = (label: string, fraction: number, text: string) => {
    const { filled, empty } = barText(fraction, barWidth);
    const tail = cut(`  ${text}`, Math.max(0, width - labelWidth - 1 - barWidth));
    return `${label.padEnd(labelWidth)} ${style('cyan', filled)}${style('dim', empty)}${tail}`;
  };
  const left = rate.leftMs();
  const time = `${durationText(rate.goneMs())} gone${left === undefined ? '' : `, about ${durationText(left)} left`}`;
  return [
    style('bold', cut(`${head}, seed ${progress.seedIndex + 1} of ${progress.seeds}`, width)),
    bar(progress.method, progress.round / progress.rounds, `round ${progress.round} of ${progress.rounds}`),
    bar('whole run', rate.done(), `${String(Math.floor(rate.done() * 100)).padStart(3)} %  ${time}`),
    style('dim', cut(figures(progress).join('   '), width)),
  ].join('\n');
}

function stepText(progress: RunProgress): string {
  return `seed ${progress.seedIndex + 1} of ${progress.seeds}: ${progress.method}`;
}

function figures({ loss, consensusDistance, delivered }: RunProgress): string[] {
  return [
    ...(loss === null ? [] : [`loss ${valueText(loss)}`]),
    ...(consensusDistance === null ? [] : [`consensus distance ${valueText(consensusDistance)}`]),
    ...(delivered === 0 ? [] : [`${countText(delivered)} updates delivered`]),
  ];
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

// Scores a file with a gateway's model, in a process of its own: the file goes through the same intake as live samples.
import { OperatorError } from '../../lib/errors.ts';
import { createEngine } from '../../model/create-engine.ts';
import { Intake } from '../intake/intake.ts';
import { RowScorer, type SensorShare } from '../learning/row-scorer.ts';
import { createSource } from '../sources/create-source.ts';
import { readSourceConfig } from '../sources/read-source-config.ts';
import { utc } from './alert-text.ts';
import { readSnapshot } from './model-snapshot.ts';
import type { ModelSnapshot } from './status.ts';

/** One window of the file. */
export interface ScoredWindow {
  startUtc: string;
  endUtc: string;
  score: number;
  /** False without a threshold. */
  isAbove: boolean;
  /** The largest shares of the error first; of windows above the threshold only. */
  sensors: readonly SensorShare[];
}

/** What the whole file came to. */
export interface ScoredFile {
  windows: number;
  threshold: number | undefined;
  round: number;
  /** Of the source and of the intake, by name. */
  counts: Record<string, number>;
}

/** Calls `onWindow` for each window of the CSV file, in order. Throws OperatorError for a file that cannot be read or has no window. */
export async function scoreFile(
  file: string,
  snapshot: ModelSnapshot,
  onWindow: (window: ScoredWindow) => void,
): Promise<ScoredFile> {
  const { manifest, agreement, weights, scale, threshold, round } = readSnapshot(snapshot);
  const config = await readSourceConfig(file, process.cwd());
  if (config.kind !== 'csv') throw new OperatorError(`${file}: only files can be scored; give a CSV file`);
  const source = createSource({ ...config, follow: false, repeat: false, speed: undefined }, manifest.sensors);
  const { spec, settings, sensors: sensorsOfFeatures } = agreement;
  const engine = await createEngine('simd', spec, settings);
  const scorer = new RowScorer({ engine, spec, sensors: sensorsOfFeatures });
  scorer.use(weights, scale);
  let windows = 0;
  const intake = new Intake(manifest, manifest.sensors, ({ startMs, endMs, values }) => {
    windows++;
    const score = scorer.score(values) as number;
    const isAbove = threshold !== undefined && score > threshold;
    const sensors = isAbove ? scorer.sensorsOf(values) : [];
    onWindow({ startUtc: utc(startMs), endUtc: utc(endMs), score, isAbove, sensors });
  });
  const counts: Record<string, number> = {};
  const troubles: string[] = [];
  await source.run(
    {
      // A recording is of any time, so its own is taken for the time of day.
      take: (sample) => intake.add(sample, sample.timeMs),
      count: (counter, by = 1) => {
        counts[counter] = (counts[counter] ?? 0) + by;
      },
      say: (sentence) => troubles.push(sentence),
    },
    new AbortController().signal,
  );
  intake.flush();
  if (windows === 0) {
    const { length } = manifest.window;
    const why =
      troubles.at(-1) ?? `a window takes ${length} rows without a gap, one each ${manifest.sampling.intervalMs} ms`;
    throw new OperatorError(`${file} has no whole window to score: ${why}`);
  }
  return { windows, threshold, round, counts: { ...counts, ...intake.counts } };
}

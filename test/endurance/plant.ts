// A small plant for the endurance tests: a manifest, and eight sensors at 1 Hz as a CSV file. Runs nothing.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Prng } from '../../src/lib/prng.ts';

/** Sensors of the plant. */
export const sensorNames = ['flow', 'inlet', 'outlet', 'level', 'current', 'speed', 'bearing', 'oil'] as const;

/** Where the series begins, as text without a zone: UTC. */
const startMs = Date.UTC(2026, 0, 1);

export interface Plant {
  manifest: string;
  source: string;
}

/** How much a gateway of the plant trains. */
export interface Rounds {
  intervalMs: number;
  stepsPerRound: number;
}

/** A manifest with such rounds, as text. */
export function manifestText({ intervalMs, stepsPerRound }: Rounds): string {
  return `rumormill: 1
name: endurance
sensors: [${sensorNames.map((name) => `{ name: ${name} }`).join(', ')}]
sampling: { intervalMs: 1000 }
window: { length: 60, stride: 30 }
train: { stepsPerRound: ${stepsPerRound} }
gossip: { roundIntervalMs: ${intervalMs} }
`;
}

/**
 * `hours` of the plant at 1 Hz: a load around `meanLoad` that follows the day and a cycle of ten minutes, sensors that follow
 * the load with noise, and a worn bearing for a tenth of an hour after each sixth.
 */
export function seriesText(hours: number, seed: string, meanLoad = 0.6): string {
  const prng = new Prng(seed);
  const lines = [`time,${sensorNames.join(',')}`];
  const seconds = Math.round(hours * 3600);
  for (let t = 0; t < seconds; t++) {
    const load = meanLoad + 0.2 * Math.sin((2 * Math.PI * t) / 86_400) + 0.15 * Math.sin((2 * Math.PI * t) / 600);
    const isWorn = t % 21_600 > 21_240;
    const values = sensorNames.map((name, i) => {
      const base = 10 * (i + 1) * (1 + load * (0.5 + i / 16));
      const fault = isWorn && name === 'bearing' ? 25 : 0;
      return (base + fault + 0.2 * prng.nextGaussian()).toFixed(3);
    });
    lines.push(`${(startMs + 1000 * t) / 1000},${values.join(',')}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Writes manifest, series and a source that replays it at `speed`, again and again, into `folder`. */
export async function writePlant(
  folder: string,
  { hours, speed, rounds, seed }: { hours: number; speed: number; rounds: Rounds; seed: string },
): Promise<Plant> {
  const manifest = join(folder, 'federation.yaml');
  const source = join(folder, `source-${seed}.yaml`);
  await writeFile(manifest, manifestText(rounds));
  await writeFile(join(folder, `series-${seed}.csv`), seriesText(hours, seed));
  await writeFile(source, `kind: csv\npath: series-${seed}.csv\nspeed: ${speed}\nrepeat: true\n`);
  return { manifest, source };
}

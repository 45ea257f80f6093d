// When a node's own data have moved so far that the federation is to hear of it. Decides only.
import type { Moments } from '../../gossip/moments.ts';
import { scaleFromMoments } from '../../model/scaler.ts';

/** Share of a deviation that a mean may move by, and factor that a deviation may grow or shrink by. Chosen by us. */
const meanMax = 0.1;
const deviationMax = 1.25;

/**
 * True where a feature's mean has moved by more than a tenth of its published deviation, its deviation has changed by more than a
 * quarter, its values have doubled in number, or it is measured for the first time. Fewer values, as of a
 * sensor that fails, change nothing by themselves. Every telling costs each member of the federation a change of scale.
 */
export function hasDrifted(published: Moments, now: Moments): boolean {
  const [before, after] = [scaleFromMoments(published), scaleFromMoments(now)];
  return now.count.some((count, j) => {
    const known = published.count[j] as number;
    if (count === 0) return false;
    if (count >= 2 * known) return true;
    const deviation = before.deviation[j] as number;
    const ratio = (after.deviation[j] as number) / deviation;
    const moved = Math.abs((now.mean[j] as number) - (published.mean[j] as number)) / deviation;
    return moved > meanMax || ratio > deviationMax || ratio < 1 / deviationMax;
  });
}

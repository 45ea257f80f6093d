// What the swarm says of itself in a terminal. Owns the words only.
import { stringify } from 'yaml';
import { countText, durationText } from '../../src/cli/format.ts';
import type { Draw } from './draw.ts';
import type { SwarmFailure, SwarmProgress } from './swarm.ts';

/** One line: how far a swarm is after `goneMs`. */
export function progressText({ runs, repeated, events, simulatedMs }: SwarmProgress, goneMs: number): string {
  const perSecond = (1000 * runs) / Math.max(goneMs, 1);
  return [
    `${durationText(goneMs)} gone`,
    `${countText(runs)} runs (${countText(repeated)} of them twice)`,
    `${countText(events)} events`,
    `${durationText(simulatedMs)} of virtual time`,
    `${perSecond.toFixed(1)} runs a second`,
  ].join(', ');
}

/** What failed, what was drawn, and the command that runs it again. */
export function failureText({ draw, error }: SwarmFailure): string {
  return [
    `\nSeed ${draw.seed} failed:`,
    error instanceof Error ? error.stack : String(error),
    '\nDrawn:',
    stringify(readSettings(draw)).trimEnd(),
    '\nTo repeat it:',
    `npm run swarm -- --seed ${draw.seed}\n`,
  ].join('\n');
}

/** What a draw sets, without the sections of a scenario that no fleet of the swarm reads. */
function readSettings({ scenario, ...own }: Draw): unknown {
  const { federation, model, train, gossip, network, faults } = scenario;
  const { rounds, stepsPerRound } = train;
  return {
    ...own,
    scaler: federation.scaler,
    hidden: model.hidden,
    train: { rounds, stepsPerRound },
    gossip,
    network,
    ...(faults && { faults }),
  };
}

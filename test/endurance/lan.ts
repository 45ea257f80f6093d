// A plant's LAN through its bad days: gateways that find each other, a stranger, a partition, bad links. Owns what is done,
// measured and claimed. Prints nothing but through `say`.
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicClock } from '../../src/lib/clock.ts';
import type { Prng } from '../../src/lib/prng.ts';
import { type Degrader, degraders } from '../support/lan.ts';
import { areMeshed, consensusDistance, gatewayCount, type LanPlant, type Look, roundIntervalMs } from './lan-plant.ts';

/** What should be so, and what was found. */
export interface Claim {
  claim: string;
  found: string;
  holds: boolean;
}

export type Phase = 'together' | 'parted' | 'healed' | 'bad links';

/** The five at one moment. */
export interface Sample {
  /** Since the last gateway was started. */
  seconds: number;
  phase: Phase;
  /** Mean Euclidean distance of the models to their mean. */
  distance: number;
  loss: number;
  /** By gateway, in the order of the hosts' starts. */
  rounds: number[];
  received: number[];
  /** Updates of others in the latest round. */
  mixed: number[];
  neighbours: number[];
}

/** How long each part takes. */
export interface LanTimes {
  togetherSeconds: number;
  partedSeconds: number;
  /** At most until the models are together again, and then as long as that. */
  healedSeconds: number;
  settledSeconds: number;
  badSeconds: number;
}

const meshWithinMs = 10_000;
/** Before the first look at the distance. */
const roundsLearnt = 6;
/** Beyond this a machine is too slow for any of it. */
const patienceMs = 60_000;
const sampleEveryMs = 1000;
export const lossPercent = 10;
export const delayMs = 100;
/** Of the distance that models have while all exchange them, which varies by a factor of two. */
const parted = 4;
/** Of the longest distance, on the way back. */
const together = 0.5;
/** With four neighbours, and updates that come in bunches. */
const mixedLeast = 1;
/** The loss of a round varies by a third with the windows at hand; that of a model that diverges grows tenfold. */
const lossMayRise = 1.5;

/** One run on a LAN; samples and claims grow as it goes. */
export class LanTrial {
  readonly samples: Sample[] = [];
  readonly claims: Claim[] = [];
  private readonly plant: LanPlant;
  private readonly say: (line: string) => void;
  private startMs = 0;
  private strangerSeen = false;
  /** Mean loss in good times, after the partition. */
  private lossBefore = Number.NaN;

  constructor(plant: LanPlant, say: (line: string) => void) {
    this.plant = plant;
    this.say = say;
  }

  /** Starts the five in an order of chance, and the sixth once they are one mesh. */
  async meet(prng: Prng): Promise<void> {
    const { order, lastStartMs, lastUpMs } = await this.plant.start(prng);
    this.startMs = lastStartMs;
    await this.plant.lookUntil(areMeshed, 'all are in the mesh of each other', patienceMs);
    const meshedMs = monotonicClock.nowMs();
    this.plant.startStranger();
    const seconds = (fromMs: number) => ((meshedMs - fromMs) / 1000).toFixed(1);
    this.claim(
      `five started in the order ${order.join(' ')} are one mesh within ${meshWithinMs / 1000} s of the last one's network`,
      `${seconds(lastUpMs)} s, and ${seconds(lastStartMs)} s after the start of its process`,
      meshedMs - lastUpMs <= meshWithinMs,
    );
  }

  /** Two of the five are cut off for a while, and come back. */
  async part({ togetherSeconds, partedSeconds, healedSeconds, settledSeconds }: LanTimes): Promise<void> {
    const isLearning = (looks: Look[]) => looks.every(({ status }) => status.model.round >= roundsLearnt);
    await this.plant.lookUntil(isLearning, 'all have learnt for some rounds', patienceMs);
    const before = mean(await this.sampleFor('together', togetherSeconds), distanceOf);
    this.plant.lan.partition([gatewayCount - 2, gatewayCount - 1]);
    const apart = await this.sampleFor('parted', partedSeconds);
    const longest = Math.max(...apart.map(distanceOf));
    this.plant.lan.heal();
    await this.sampleFor('healed', healedSeconds, ({ distance }) => distance <= together * longest);
    const settled = await this.sampleFor('healed', settledSeconds);
    const after = mean(settled, distanceOf);
    this.lossBefore = mean(settled, ({ loss }) => loss);
    this.claim(
      `models drift apart in a partition of ${partedSeconds} s: ${parted} times the distance from their mean or more`,
      `from ${before.toFixed(3)} to ${longest.toFixed(3)}`,
      longest >= parted * before,
    );
    this.claim(
      'and come together again: half of the longest distance or less',
      after.toFixed(3),
      after <= together * longest,
    );
  }

  /** Every link loses and delays from now on. */
  async degrade({ badSeconds }: LanTimes, by: Degrader | undefined = degraders()[0]): Promise<void> {
    const { lossBefore } = this;
    await this.plant.lan.degrade(lossPercent, delayMs, by);
    // What was under way arrives at once.
    await delay(2 * delayMs);
    const first = await this.sample('bad links');
    const rest = await this.sampleFor('bad links', badSeconds);
    const end = rest.at(-1) ?? first;
    const all = `with ${lossPercent} % loss and ${delayMs} ms delay (${by})`;
    const rounds = end.rounds.map((round, i) => round - (first.rounds[i] ?? 0));
    const mixed = end.mixed.map((_, i) => mean(rest, (sample) => sample.mixed[i] ?? 0));
    const roundsLeast = Math.floor((0.5 * 1000 * badSeconds) / roundIntervalMs);
    const loss = mean(rest.slice(rest.length >> 1), ({ loss: each }) => each);
    this.claim(
      `${all} each makes ${roundsLeast} rounds or more in ${badSeconds} s`,
      rounds.join(' '),
      rounds.every((count) => count >= roundsLeast),
    );
    this.claim(
      `each mixes ${mixedLeast} updates or more in the mean round`,
      mixed.map((count) => count.toFixed(1)).join(' '),
      mixed.every((count) => count >= mixedLeast),
    );
    this.claim(
      `the loss does not rise by more than ${Math.round(100 * (lossMayRise - 1))} %`,
      `from ${lossBefore.toExponential(2)} to ${loss.toExponential(2)}`,
      loss <= lossMayRise * lossBefore,
    );
  }

  /** What has become of the sixth. */
  async judgeStranger(): Promise<void> {
    const { status, output } = await this.plant.lookAtStranger();
    const { connections, updatesReceived } = status.network;
    this.claim(
      'a sixth with another key stays out all the time',
      `${connections} connections, ${updatesReceived} updates`,
      !this.strangerSeen && connections === 0 && updatesReceived === 0,
    );
    const told = output.split('\n').filter((line) => line.includes('keys of the private network differ')).length;
    this.claim('and is told why', `${told} times`, told > 0);
  }

  /** Whether every claim so far holds. */
  get holds(): boolean {
    return this.claims.every(({ holds }) => holds);
  }

  private get seconds(): number {
    return (monotonicClock.nowMs() - this.startMs) / 1000;
  }

  private claim(claim: string, found: string, holds: boolean): void {
    this.claims.push({ claim, found, holds });
    this.say(`${holds ? 'yes' : 'NO'}: ${claim}: ${found}`);
  }

  /** A sample a second; ends early where `until` is given and holds. */
  private async sampleFor(phase: Phase, seconds: number, until?: (sample: Sample) => boolean): Promise<Sample[]> {
    const endsAtMs = monotonicClock.nowMs() + 1000 * seconds;
    const taken: Sample[] = [];
    while (monotonicClock.nowMs() < endsAtMs) {
      const fromMs = monotonicClock.nowMs();
      const sample = await this.sample(phase);
      taken.push(sample);
      if (until?.(sample)) break;
      await delay(Math.max(0, fromMs + sampleEveryMs - monotonicClock.nowMs()));
    }
    return taken;
  }

  private async sample(phase: Phase): Promise<Sample> {
    const looks = await this.plant.lookUntil(() => true, 'all answer', patienceMs);
    const ids = new Set(looks.map(({ status }) => status.peer));
    const connected = looks.map(({ peers }) => peers.filter((peer) => peer.connected && ids.has(peer.who)).length);
    this.strangerSeen ||= looks.some(({ peers }) => peers.some((peer) => peer.connected && !ids.has(peer.who)));
    const sample: Sample = {
      seconds: this.seconds,
      phase,
      distance: consensusDistance(looks.flatMap(({ weights }) => (weights ? [weights] : []))),
      loss: mean(looks, ({ status }) => status.model.loss ?? Number.NaN),
      rounds: looks.map(({ status }) => status.model.round),
      received: looks.map(({ status }) => status.network.updatesReceived),
      mixed: looks.map(({ status }) => status.model.mixed),
      neighbours: connected,
    };
    this.samples.push(sample);
    return sample;
  }
}

/** The samples as a table, one in `every`, and the claims. */
export function lanText({ samples, claims }: LanTrial, every: number): string {
  const widths = [8, 11, 10, 10, 10, 10, 8, 12];
  const row = (cells: string[]) => cells.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('');
  const range = (values: number[]) => `${Math.min(...values)}–${Math.max(...values)}`;
  const isShown = ({ phase }: Sample, i: number) => i % every === 0 || samples[i - 1]?.phase !== phase;
  const lines = samples
    .filter(isShown)
    .map(({ seconds, phase, distance, loss, rounds, received, mixed, neighbours }) =>
      row([
        seconds.toFixed(0),
        phase,
        distance.toFixed(3),
        loss.toExponential(1),
        range(rounds),
        `${received.reduce((sum, count) => sum + count, 0)}`,
        mean(mixed, (count) => count).toFixed(1),
        range(neighbours),
      ]),
    );
  return `${[
    `${gatewayCount} gateways; distance: mean Euclidean distance of their models from the mean, in one fixed scale`,
    row(['second', 'links', 'distance', 'loss', 'rounds', 'received', 'mixed', 'neighbours']),
    ...lines,
    '',
    ...claims.map(({ claim, found, holds }) => `${holds ? 'yes' : 'NO '}  ${claim}: ${found}`),
  ].join('\n')}\n`;
}

function distanceOf({ distance }: Sample): number {
  return distance;
}

function mean<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0) / items.length;
}

// The run in plain English, generated from the numbers. Says what they say, also where that is not in gossip's favour.
import { fleetNodesMax } from '../scenario/fleet-sample.ts';
import type { MethodName, Summary } from '../scenario/results.ts';
import { type DeviceScores, deviceTable, methodsOn } from './devices.ts';
import { counted, fixed, interval, listed } from './format.ts';
import { methodStyles } from './methods.ts';

/** One sentence to take away, and what a fair reader would add: none to six sentences. */
export interface Verdict {
  lead: string;
  also: string[];
}

/** What gossip is compared with in the first sentence: the first of these that the run has. */
const references = ['centralised', 'fedavg', 'local', 'shared-statistic', 'statistic'] as const;
const statistics: readonly MethodName[] = ['statistic', 'shared-statistic'];

/** What the summary says about gossip, for a reader who reads nothing else. */
export function verdict(summary: Summary): Verdict {
  const lead = leadOf(summary);
  return { lead: summary.incomplete && summary.seeds.length > 0 ? soFar(lead) : lead, also: alsoOf(summary) };
}

function leadOf(summary: Summary): string {
  const ran = methodsOn(summary, 'own');
  if (ran.length === 0) {
    return summary.seeds.length === 0
      ? 'The run was stopped before a seed was finished, so there is nothing to compare yet.'
      : 'The run has no method to report.';
  }
  const gossip = summary.methods.gossip?.own;
  if (gossip === undefined) return withoutGossip(summary);
  if (gossip.auroc.mean === null) {
    const flagged = gossip.fpr.mean;
    return `No device has both normal and anomalous test rows, so AUROC cannot be computed${
      flagged === null
        ? ''
        : `; at its label-free threshold gossip flags ${fixed(100 * flagged, 1)} % of the normal test rows`
    }.`;
  }
  const reference = references.find((method) => aurocOf(summary, method) !== null);
  if (reference === undefined) {
    return `Gossip reaches ${fixed(gossip.auroc.mean)} AUROC (${evidence(summary, gossip.auroc.ci95)}); the run has nothing to compare it with.`;
  }
  return `${comparison(summary, reference)}${statistics.includes(reference) ? '' : statisticClause(summary, reference)}.`;
}

/** 'Gossip is 0.004 AUROC below the centralised model (95 % interval −0.002 to 0.010, 5 seeds)'. */
function comparison(summary: Summary, reference: MethodName): string {
  const { mean, ci95 } = gapOf(summary, reference);
  const { phrase } = methodStyles[reference];
  if (Number(fixed(Math.abs(mean))) === 0) {
    return `Gossip and ${phrase} have the same AUROC to three decimals (${evidence(summary, ci95)})`;
  }
  const [side, along] = mean > 0 ? (['below', ci95] as const) : (['above', mirrored(ci95)] as const);
  return `Gossip is ${fixed(Math.abs(mean))} AUROC ${side} ${phrase} (${evidence(summary, along)})`;
}

function statisticClause(summary: Summary, reference: MethodName): string {
  const devices = deviceTable(summary, 'own').evaluable.filter(({ auroc }) => auroc.has('statistic'));
  if (devices.length === 0) return '';
  const wins = countWhere(
    devices,
    ({ auroc }) => above(auroc, 'statistic', 'gossip') && above(auroc, 'statistic', reference),
  );
  const of = devicesText(summary, devices.length);
  if (wins === 0) return `; the plain statistic beats both on none of ${of}`;
  return wins === devices.length
    ? `; the plain statistic beats both on every device (${of})`
    : `; the plain statistic beats both on ${wins} of ${of}`;
}

function withoutGossip(summary: Summary): string {
  const scored = methodsOn(summary, 'own').flatMap(([method, { auroc }]) =>
    auroc.mean === null ? [] : [{ method, mean: auroc.mean, ci95: auroc.ci95 }],
  );
  if (scored.length === 0) {
    return 'Gossip was not part of this run, and no device has both normal and anomalous test rows, so AUROC cannot be computed.';
  }
  const best = scored.reduce((a, b) => (b.mean > a.mean ? b : a));
  const { phrase } = methodStyles[best.method];
  return `Gossip was not part of this run; ${phrase} reaches ${fixed(best.mean)} AUROC (${evidence(summary, best.ci95)}).`;
}

function alsoOf(summary: Summary): string[] {
  const gossip = aurocOf(summary, 'gossip');
  if (gossip === null) return [];
  const reference = references.find((method) => aurocOf(summary, method) !== null);
  const worst = lowest(deviceTable(summary, 'own').evaluable);
  return [
    reference === undefined ? undefined : intervalSentence(gapOf(summary, reference)),
    ...statistics.map((method) => (method === reference ? undefined : statisticSentence(summary, gossip, method))),
    reference === 'local' ? undefined : sharingSentence(summary, gossip),
    fleetSentence(summary),
    worst === undefined ? undefined : worstSentence(summary, worst),
  ].filter((sentence) => sentence !== undefined);
}

function intervalSentence(gap: Gap): string | undefined {
  if (gap.ci95 === null) return;
  return isOpen(gap)
    ? 'The interval includes zero: these seeds do not tell the two apart.'
    : 'The interval does not include zero: the difference is more than chance between seeds.';
}

function statisticSentence(summary: Summary, gossip: number, method: MethodName): string | undefined {
  const { phrase } = methodStyles[method];
  const statistic = aurocOf(summary, method);
  if (statistic === null) return;
  const gap = gapOf(summary, method);
  if (isOpen(gap)) {
    return `These seeds do not tell gossip from ${phrase} (${fixed(gossip)} against ${fixed(statistic)} on average).`;
  }
  return gap.mean > 0
    ? `On average ${phrase} does better than gossip (${fixed(statistic)} against ${fixed(gossip)}): its model adds nothing over it here.`
    : `On average gossip does better than ${phrase} (${fixed(gossip)} against ${fixed(statistic)}).`;
}

function sharingSentence(summary: Summary, gossip: number): string | undefined {
  const local = aurocOf(summary, 'local');
  if (local === null) return;
  const gap = gapOf(summary, 'local');
  const devices = deviceTable(summary, 'own').evaluable.filter(
    ({ auroc }) => auroc.has('gossip') && auroc.has('local'),
  );
  const harmed = countWhere(devices, ({ auroc }) => above(auroc, 'local', 'gossip'));
  const share = `${harmed} of ${devicesText(summary, devices.length)} would do better alone`;
  if (isOpen(gap)) {
    return `These seeds do not tell gossip from training alone (${fixed(gossip)} against ${fixed(local)} on average); ${share}.`;
  }
  return gap.mean > 0
    ? `Sharing does not help on average: training alone is ${fixed(gap.mean)} above gossip, and ${share}.`
    : `Sharing is worth ${fixed(-gap.mean)} on average over training alone; ${share}.`;
}

/** The worst device of a large fleet may not be among those that are reported. */
function worstSentence(summary: Summary, { device, value }: { device: string; value: number }): string {
  const { worst } = summary.methods.gossip?.own.auroc ?? { worst: null };
  return isSampled(summary)
    ? `On the worst device of all gossip has ${fixed(worst)}.`
    : `Gossip does worst on ${device}, with ${fixed(value)}.`;
}

/** '5 devices'; of a large fleet '128 sampled devices'. */
function devicesText(summary: Summary, devices: number): string {
  return isSampled(summary) ? `${devices} sampled devices` : counted(devices, 'device');
}

function isSampled({ nodes }: Summary): boolean {
  return nodes > fleetNodesMax;
}

/** What sharing is for may not show on a device's own data: the same comparison on the data of all. */
function fleetSentence(summary: Summary): string | undefined {
  const parts = (['local', 'centralised'] as const).flatMap((method) => {
    const gap = summary.gap[method]?.['fleet.auroc'];
    return gap === undefined ? [] : [versus(gap.mean, methodStyles[method].phrase)];
  });
  return parts.length === 0 ? undefined : `On the test data of the whole fleet gossip is ${listed(parts)}.`;
}

function versus(gap: number, phrase: string): string {
  const by = fixed(Math.abs(gap));
  if (Number(by) === 0) return `level with ${phrase}`;
  return `${by} ${gap > 0 ? 'below' : 'above'} ${phrase}`;
}

/** The same sentence of a run that was stopped. */
function soFar(lead: string): string {
  return `So far, ${lead.slice(0, 1).toLowerCase()}${lead.slice(1)}`;
}

function evidence(summary: Summary, ci95: readonly [number, number] | null): string {
  if (summary.seeds.length === 1) return 'one seed, so no interval';
  const seeds = counted(summary.seeds.length, 'seed');
  return ci95 === null ? `${seeds}, no interval` : `95 % interval ${interval(ci95)}, ${seeds}`;
}

interface Gap {
  mean: number;
  ci95: readonly [number, number] | null;
}

/** Whether the interval includes zero. */
function isOpen({ ci95 }: Gap): boolean {
  return ci95 !== null && ci95[0] <= 0 && ci95[1] >= 0;
}

/** The summary's gap, or the difference of the means where it has none. */
function gapOf(summary: Summary, baseline: MethodName): Gap {
  const entry = summary.gap[baseline]?.['own.auroc'];
  return entry ?? { mean: (aurocOf(summary, baseline) ?? 0) - (aurocOf(summary, 'gossip') ?? 0), ci95: null };
}

function aurocOf(summary: Summary, method: MethodName): number | null {
  return summary.methods[method]?.own.auroc.mean ?? null;
}

function mirrored(ci95: Gap['ci95']): Gap['ci95'] {
  return ci95 === null ? null : [-ci95[1], -ci95[0]];
}

function above(auroc: ReadonlyMap<MethodName, number>, a: MethodName, b: MethodName): boolean {
  return (auroc.get(a) ?? Number.NaN) > (auroc.get(b) ?? Number.NaN);
}

function countWhere(devices: readonly DeviceScores[], test: (device: DeviceScores) => boolean): number {
  return devices.filter(test).length;
}

function lowest(devices: readonly DeviceScores[]): { device: string; value: number } | undefined {
  let worst: { device: string; value: number } | undefined;
  for (const { device, auroc } of devices) {
    const value = auroc.get('gossip');
    if (value !== undefined && (worst === undefined || value < worst.value)) worst = { device, value };
  }
  return worst;
}

// Writes a manifest with comments that say what each setting does and why it is as it is. Owns the words of a new
// federation.yaml; decides no setting.
import { stringify } from 'yaml';
import { quote } from '../data/cells.ts';
import type { ProfiledSensor } from './source-profile.ts';
import type { SuggestedManifest } from './suggested-manifest.ts';

/** Share of normal windows above the threshold; the manifest's own default, written out to be changed. */
const falseRisk = 0.0001;

/** The text of a federation.yaml. `source` is what the sensors were found in, as an operator calls it. */
export function manifestText(name: string, source: string, suggested: SuggestedManifest): string {
  const { sensors, leftOut, sampling, silenceMs, window, rows, hidden } = suggested;
  const strideMs = window.stride * sampling.intervalMs;
  const seconds = (milliseconds: number) => `${Number((milliseconds / 1000).toPrecision(6))} s`;
  return `# What all gateways of this federation agree on, made from ${quote(source)}.
#
# The federation's id is the hash of this file without its comments: who changes a value makes another federation, and who
# changes a comment does not. Give every gateway the same file, or its id. What is local to a gateway (its source, its
# share of the processor, its address) is no part of it.

rumormill: 1
name: ${scalar(name)}

# What every gateway measures, in one order. The names are those of the source, or what it maps its own names to. A value in
# another unit is counted and not used. Ranges are what was found; values outside are counted, and used.
sensors:
${sensors.map(sensorText).join('')}${leftOut.map((what) => `  # left out: ${what}\n`).join('')}
# One row of the series each ${seconds(sampling.intervalMs)}: the time between two values of ${silenceMs === undefined ? 'a sensor' : 'the median sensor'}, as found.
sampling:
  intervalMs: ${sampling.intervalMs}
${silenceMs === undefined ? '  # How long a value stands where its sensor says nothing new, as with sources that report changes only; 0: one interval.' : changesText(seconds(silenceMs))}
  holdMs: ${sampling.holdMs}
  # How much later than the newest one a sample may come and still be used.
  latenessMs: ${sampling.latenessMs}

# Rows that are judged together (${window.length} rows are ${seconds(window.length * sampling.intervalMs)}), and from one window to the next.
# ${window.length < 60 ? `Short, since the longest series has ${rows} rows; with more data take about 60.` : 'Longer windows see slower faults, and raise alerts later.'}
window:
  length: ${window.length}
  stride: ${window.stride}

# summary: mean, deviation, slope and residual of each sensor. raw: the values themselves.
features: summary

# An autoencoder for ${4 * sensors.length} features: layers about twice as wide as they are many (at most 256, for updates that
# travel), and a waist of an eighth of that, so that it must learn what normal windows have in common.
model:
  hidden: [${hidden.join(', ')}]
  activation: tanh
  noise: 0

# One round of a gateway: that many steps on its own normal data.
train:
  optimiser: adam
  learningRate: 0.001
  batchSize: 32
  stepsPerRound: 20

# How models travel. mesh: to about degree neighbours, and no further. A gateway with no peers at hand learns alone.
# mixing: metropolis is the plain average with neighbours; against liars among them take clipped, with a clipRadius, or
# trimmed-mean, with byzantine.
gossip:
  exchange: mesh
  mixing: metropolis
  degree: 6
  # float16 sends half the bytes, int8 a quarter.
  encoding: float32
  # A round lasts at least this long: the bytes sent go down as it goes up.
  roundIntervalMs: 10000

# federated: one scale for all, agreed by gossip. local: each gateway its own, where their machines differ in size.
# fixed: from the ranges above, which all sensors then need.
scaler: federated

# Where an error becomes too large, from the errors of a gateway's held-out normal windows. pot: above it is one normal window
# in ${Math.round(1 / falseRisk).toLocaleString('en')}, which with a window each ${durationText(strideMs)} is one in ${durationText(strideMs / falseRisk)}; a lower risk means fewer. An alert takes two
# such windows among three, so that one alone raises none.
threshold:
  method: pot
  initialQuantile: 0.9
  risk: ${falseRisk}

# With an owner only peers that the owner's roster admits take part; rumormill owner new makes the key.
# owner: ed25519:…
`;
}

/** '30 s', '5 hours', '3.5 days': in the largest unit of which there are two. */
function durationText(durationMs: number): string {
  const units = [
    ['days', 86_400_000],
    ['hours', 3_600_000],
    ['minutes', 60_000],
  ] as const;
  const [name, unitMs] = units.find(([, ms]) => durationMs >= 2 * ms) ?? ['s', 1000];
  return `${Number((durationMs / unitMs).toPrecision(2))} ${name}`;
}

function changesText(silence: string): string {
  return `  # How long a value stands where its sensor says nothing new. This source speaks when it likes or when a value changes: a sensor
  # was silent for ${silence}, and a value stands for three times that. After it the sensor counts as missing, so raise this where
  # values stay the same for longer; but what stands on through an outage is taken for measured.`;
}

function sensorText({ name, unit, range, note }: ProfiledSensor): string {
  return [
    `  - name: ${scalar(name)}\n`,
    ...(note === undefined ? [] : [`    # ${note}\n`]),
    ...(unit === undefined ? [] : [`    unit: ${scalar(unit)}\n`]),
    ...(range === undefined ? [] : [`    range: [${range[0]}, ${range[1]}]\n`]),
  ].join('');
}

/** Text on one line as YAML would have it, quoted where it has to be. */
function scalar(text: string): string {
  return stringify(text, { lineWidth: 0 }).trimEnd();
}

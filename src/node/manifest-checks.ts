// What makes a manifest impossible, or ambiguous, although each key by itself is right. Owns the rules of live federations
// only; those it shares with scenarios are beside their settings.
import { featureNames } from '../data/features.ts';
import { conditionalGossipKeys, gossipProblems, mixingProblems, tooLargeToForward } from '../gossip/settings-checks.ts';
import type { Problem } from '../lib/config/problem.ts';
import type { SchemaLookup } from '../lib/config/schema-lookup.ts';
import { unreadKeyProblems } from '../lib/config/unread-keys.ts';
import { conditionalTrainKeys, sharedScalerProblem, thresholdProblem } from '../model/settings.ts';
import { weightShapes } from '../model/weights.ts';
import { topicMessageBytesMax } from './host.ts';
import type { ManifestSettings } from './manifest-schema.ts';

/** Most features of a window, which are the width of the model's input; the widest hidden layer has as many. */
export const featuresMax = 4096;

/** The names of a manifest's features, in column order. */
export function featuresOf({ sensors, features, window }: ManifestSettings): string[] {
  const names = sensors.map(({ name }) => name);
  return featureNames(names, features, window.length);
}

/** Every problem of a manifest that its schema accepts. */
export function manifestProblems(manifest: ManifestSettings, lookup: SchemaLookup): Problem[] {
  const { gossip, model, scaler, threshold, train } = manifest;
  const thresholdMessage = thresholdProblem(threshold);
  const scalerMessage = scaler === 'federated' ? sharedScalerProblem(model, 'scaler') : undefined;
  return [
    ...sensorProblems(manifest),
    ...windowProblems(manifest),
    ...(scalerMessage === undefined ? [] : [{ path: ['model', 'outputActivation'], message: scalerMessage }]),
    ...simulatedOnly(gossip.mixing),
    ...gossipProblems(gossip),
    ...(isSimulatedOnly(gossip.mixing) ? [] : mixingProblems(gossip, undefined)),
    ...(thresholdMessage === undefined ? [] : [{ path: ['threshold'], message: `threshold ${thresholdMessage}` }]),
    ...unreadKeyProblems([...conditionalTrainKeys(train), ...conditionalGossipKeys(gossip)], lookup),
  ];
}

function* sensorProblems(manifest: ManifestSettings): Iterable<Problem> {
  const { sensors, scaler } = manifest;
  const first = new Map<string, number>();
  for (const [index, { name, range }] of sensors.entries()) {
    const path = ['sensors', index];
    const other = first.get(name);
    if (other === undefined) first.set(name, index);
    else {
      yield {
        path: [...path, 'name'],
        message: `sensors[${index}].name is '${name}', as that of sensors[${other}]; remove one, or rename it`,
      };
    }
    if (range === undefined) {
      if (scaler !== 'fixed') continue;
      yield {
        path,
        message: `sensors[${index}].range is missing, and scaler fixed scales by it; add the lowest and highest value of '${name}', or take another scaler`,
      };
    } else if (!(range[0] < range[1]) || !Number.isFinite(range[1] - range[0])) {
      yield {
        path: [...path, 'range'],
        message: `sensors[${index}].range is [${range[0]}, ${range[1]}]; give the lower value first, and two that differ`,
      };
    }
  }
}

function* windowProblems(manifest: ManifestSettings): Iterable<Problem> {
  const { sensors, features, window, model, gossip } = manifest;
  if (features === 'summary' && window.length < 3) {
    yield {
      path: ['window', 'length'],
      message: `window.length is ${window.length}, and features summary needs at least 3 rows; raise it, or set features: raw`,
    };
  }
  const count = sensors.length * (features === 'summary' ? 4 : window.length);
  if (count > featuresMax) {
    yield {
      path: ['features'],
      message: `features ${features} gives ${count} features of a window, more than ${featuresMax}; ${features === 'raw' ? 'set features: summary, or lower window.length' : 'take fewer sensors'}`,
    };
    return;
  }
  const isMisleading = new Set(featuresOf(manifest));
  for (const [index, { name }] of sensors.entries()) {
    // A window of one row has the sensors themselves as raw features.
    if ((features === 'raw' && window.length === 1) || !isMisleading.has(name)) continue;
    yield {
      path: ['sensors', index, 'name'],
      message: `sensors[${index}].name is '${name}', which is also what a feature of another sensor is called; rename it`,
    };
  }
  const message = tooLargeToForward(gossip, weightShapes({ ...model, features: count }), topicMessageBytesMax);
  if (message !== undefined) yield { path: ['gossip', 'exchange'], message };
}

/** Rules that need a graph which stays as it is, or one that prescribes weights: no mesh of a real network does. */
function isSimulatedOnly(mixing: ManifestSettings['gossip']['mixing']): boolean {
  return mixing === 'choco' || mixing === 'graph';
}

function* simulatedOnly(mixing: ManifestSettings['gossip']['mixing']): Iterable<Problem> {
  if (!isSimulatedOnly(mixing)) return;
  const why =
    mixing === 'choco'
      ? 'the mesh of a real network changes, and then neighbours have no estimate of each other'
      : 'it takes the weights that a simulated topology prescribes';
  yield {
    path: ['gossip', 'mixing'],
    message: `gossip.mixing ${mixing} is for simulations only: ${why}; mix by metropolis, or another rule`,
  };
}

// What in a scenario's sections on data and federation cannot go together. Owns these rules only; reads no files.
import type { Problem } from '../lib/config/problem.ts';
import { pathText, valueText } from '../lib/config/wording.ts';
import { sharedScalerProblem } from '../model/settings.ts';
import type { Scenario } from './schema.ts';

/** Why the data cannot be read or split as the scenario says. */
export function* dataProblems({ data }: Scenario): Iterable<Problem> {
  if (data.source === 'csv' && data.path === undefined) {
    yield {
      path: ['data'],
      message: 'data.path is missing; source csv needs a .csv or .csv.gz file, or a folder of them',
    };
  }
  if (data.source !== 'csv' && data.path !== undefined) {
    yield {
      path: ['data', 'path'],
      message: `data.path is for source csv, and ${data.source} ${data.source === 'synthetic' ? 'reads no file' : 'is embedded'}; remove it, or set data.source: csv`,
    };
  }
  const { train, validate } = data.split;
  if (train + validate >= 1) {
    yield {
      path: ['data', 'split'],
      message: `data.split leaves nothing to test on: train ${train} and validate ${validate} must add to less than 1`,
    };
  }
  if (train === 0) {
    yield {
      path: ['data', 'split', 'train'],
      message: 'data.split.train is 0: there is nothing to train on; raise it',
    };
  }
  if (validate === 0) {
    yield {
      path: ['data', 'split', 'validate'],
      message: 'data.split.validate is 0: the threshold needs normal data held out; raise it',
    };
  }
  const both = data.ignore.find((column) => data.sensors?.includes(column));
  if (both !== undefined) {
    yield {
      path: ['data', 'ignore'],
      message: `data.ignore leaves out ${valueText(both)}, which data.sensors asks for; remove it from one of them`,
    };
  }
  const names = Object.values(data.columns);
  const shared = names.find((name, index) => names.indexOf(name) !== index);
  if (shared !== undefined) {
    yield {
      path: ['data', 'columns'],
      message: `data.columns uses column ${valueText(shared)} for two purposes; name a different column for each`,
    };
  }
}

/** Why the nodes cannot be made of the data, or cannot agree on a scaler, as the scenario says. */
export function* federationProblems({ data, federation, model }: Scenario): Iterable<Problem> {
  const { scaler, ranges, heldOut } = federation;
  if (scaler === 'fixed' && ranges === undefined) {
    yield {
      path: ['federation', 'scaler'],
      message: 'federation.scaler fixed needs federation.ranges; give the lowest and highest value of each sensor',
    };
  }
  if (scaler !== 'fixed' && ranges !== undefined) {
    yield {
      path: ['federation', 'ranges'],
      message: `federation.ranges is for scaler fixed, not ${scaler}; remove it, or set federation.scaler: fixed`,
    };
  }
  for (const [sensor, [low, high]] of Object.entries(ranges ?? {})) {
    if (low < high) continue;
    yield {
      path: ['federation', 'ranges', sensor],
      message: `${pathText(['federation', 'ranges', sensor])} is [${low}, ${high}]; give the lower value first, and two that differ`,
    };
  }
  const message = scaler === 'federated' ? sharedScalerProblem(model, 'federation.scaler') : undefined;
  if (message !== undefined) yield { path: ['model', 'outputActivation'], message };
  if (data.devices === undefined) return;
  for (const [index, device] of heldOut.entries()) {
    if (data.devices.includes(device)) continue;
    yield {
      path: ['federation', 'heldOut', index],
      message: `federation.heldOut names ${valueText(device)}, which is not in data.devices; add it there, or remove it here`,
    };
  }
  if (data.devices.every((device) => heldOut.includes(device))) {
    yield {
      path: ['federation', 'heldOut'],
      message: 'federation.heldOut holds out every device; leave one to train on',
    };
  }
}

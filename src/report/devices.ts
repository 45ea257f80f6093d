// Which devices could be evaluated, and why the others could not. Pure; draws nothing.
import {
  type EvaluationSet,
  type MethodName,
  type MetricName,
  methodNames,
  type SetMetrics,
  type Summary,
} from '../scenario/results.ts';
import { byName } from './format.ts';

/** AUROC of one device by method, mean over seeds; methods that have none are absent. */
export interface DeviceScores {
  device: string;
  auroc: ReadonlyMap<MethodName, number>;
}

/** The devices of one evaluation set. */
export interface DeviceTable {
  /** Methods of the run that were evaluated on this set, in the order of `methodNames`. */
  methods: MethodName[];
  /** Devices with an AUROC of at least one method, by name. */
  evaluable: DeviceScores[];
  /** The others, by name. */
  notEvaluable: { device: string; reason: string }[];
}

/** Metrics of the methods that ran, in the order of `methodNames`, on one set; empty where the run did not evaluate it. */
export function methodsOn(summary: Summary, set: EvaluationSet): [MethodName, SetMetrics][] {
  return methodNames.flatMap((method): [MethodName, SetMetrics][] => {
    const metrics = summary.methods[method]?.[set];
    return metrics === undefined || metrics === null ? [] : [[method, metrics]];
  });
}

/** AUROC by device and method. */
export function deviceTable(summary: Summary, set: EvaluationSet): DeviceTable {
  const methods = methodsOn(summary, set);
  const names = new Set<string>();
  for (const [, { auroc }] of methods) for (const device of Object.keys(auroc.perDevice)) names.add(device);
  const table: DeviceTable = { methods: methods.map(([method]) => method), evaluable: [], notEvaluable: [] };
  for (const device of [...names].sort(byName)) {
    const auroc = new Map<MethodName, number>();
    for (const [method, metrics] of methods) {
      const value = metrics.auroc.perDevice[device];
      if (value !== undefined && value !== null) auroc.set(method, value);
    }
    if (auroc.size > 0) table.evaluable.push({ device, auroc });
    else table.notEvaluable.push({ device, reason: reasonOf(device, methods) });
  }
  return table;
}

/** FPR exists where there are normal test rows, and recall where there are anomalous ones: what lacks gives the reason. */
function reasonOf(device: string, methods: readonly [MethodName, SetMetrics][]): string {
  const has = (metric: MetricName): boolean =>
    methods.some(([, metrics]) => typeof metrics[metric].perDevice[device] === 'number');
  if (has('fpr') && !has('recall')) return 'no anomalous test rows';
  if (has('recall') && !has('fpr')) return 'no normal test rows';
  if (has('recall') && has('fpr')) return 'no finite score';
  return 'no test rows';
}

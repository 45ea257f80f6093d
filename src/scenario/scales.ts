// Which scale each method's nodes use. Owns the choice; the arithmetic is the model layer's.
import { rangeOfFeature } from '../data/features.ts';
import type { FeatureTable, NodeData } from '../data/types.ts';
import { OperatorError } from '../lib/errors.ts';
import {
  type Moments,
  mergeMoments,
  momentsOf,
  type Scale,
  scaleFromMoments,
  scaleFromRanges,
} from '../model/scaler.ts';
import type { Scenario } from './schema.ts';

/** Moments of a node's raw training rows. */
export function momentsOfTable(table: FeatureTable): Moments {
  return momentsOf(table.values, table.features.length);
}

/** The scale from a node's own training rows: all that is known without a network. */
export function localScale(node: Pick<NodeData, 'train'>): Scale {
  return scaleFromMoments(momentsOfTable(node.train));
}

/** The scale from all nodes' training rows, which is what a shared scaler converges to. */
export function pooledScale(nodes: readonly Pick<NodeData, 'train'>[]): Scale {
  return scaleFromMoments(nodes.map((node) => momentsOfTable(node.train)).reduce(mergeMoments));
}

/** The scale that the scenario's `fixed` ranges give. Throws OperatorError where a sensor has no range. */
export function fixedScale(scenario: Scenario, features: readonly string[]): Scale {
  const ranges = scenario.federation.ranges ?? {};
  return scaleFromRanges(
    features.map((feature) => {
      const range = rangeOfFeature(feature, ranges);
      if (range === undefined) {
        throw new OperatorError(`federation.ranges has no range for the feature ${feature}; add one for its sensor`);
      }
      return range;
    }),
  );
}

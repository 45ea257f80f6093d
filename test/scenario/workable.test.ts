import assert from 'node:assert/strict';
import { linksMax } from '../../src/gossip/push-sum.ts';
import { scenarioSchema } from '../../src/scenario/schema.ts';
import { checkTopology } from '../../src/scenario/workable.ts';

describe('checkTopology()', () => {
  const scenario = (mixing: string, redrawn: boolean) =>
    scenarioSchema.parse({
      name: 'plant',
      data: { source: 'synthetic' },
      gossip: { mixing },
      network: { transport: 'sim', topology: { kind: 'regular', degree: 4, redrawn } },
    });

  it('refuses push-sum where a node meets more peers than it remembers', () => {
    assert.throws(
      () => checkTopology(scenario('push-sum', true), linksMax + 2),
      /^OperatorError: network\.topology: regular is drawn anew .* each of 66 nodes .* over 64 links; take at most 65/,
    );
  });

  it('takes push-sum where a node remembers all whom it meets, and other rules anywhere', () => {
    checkTopology(scenario('push-sum', true), linksMax + 1);
    checkTopology(scenario('push-sum', false), linksMax + 2);
    checkTopology(scenario('metropolis', true), linksMax + 2);
  });
});

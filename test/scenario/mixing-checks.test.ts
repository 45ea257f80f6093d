import assert from 'node:assert/strict';
import { SchemaLookup } from '../../src/lib/config/schema-lookup.ts';
import { crossCheck } from '../../src/scenario/cross-checks.ts';
import { scenarioJsonSchema } from '../../src/scenario/json-schema.ts';
import { scenarioSchema } from '../../src/scenario/schema.ts';

const lookup = new SchemaLookup(scenarioJsonSchema());

function problemsOf(sections: { gossip: object; network?: object; faults?: object }): string[] {
  const scenario = scenarioSchema.parse({ name: 'plant', data: { source: 'synthetic' }, ...sections });
  return crossCheck(scenario, lookup).map(({ message }) => message);
}

const choco = { mixing: 'choco', consensusStep: 0.3, rounds: 'synchronous' };
const sim = { transport: 'sim' };

describe('mixing with a memory', () => {
  it('is taken where it can work', () => {
    assert.deepEqual(problemsOf({ gossip: { mixing: 'push-sum' } }), []);
    const compression = { sparsifier: 'top-k', keep: 0.01, encoding: 'int8' };
    const slow = { timeline: [{ atMs: 5, action: 'slow', nodes: [0], factor: 2 }] };
    assert.deepEqual(problemsOf({ gossip: { ...choco, ...compression }, network: sim, faults: slow }), []);
  });

  const refused: [what: string, sections: Parameters<typeof problemsOf>[0], sentence: RegExp][] = [
    [
      'push-sum with an exchange that sends all the same',
      { gossip: { mixing: 'push-sum', exchange: 'pull' } },
      /^gossip\.mixing push-sum cannot go with exchange pull: .*; set gossip\.exchange: mesh$/,
    ],
    [
      'push-sum with another encoding',
      { gossip: { mixing: 'push-sum', encoding: 'float16' } },
      /^gossip\.mixing push-sum sends sums that grow, .*; set gossip\.encoding: float32 and gossip\.sparsifier: none$/,
    ],
    [
      'push-sum with a sparsifier',
      { gossip: { mixing: 'push-sum', sparsifier: 'random-k' } },
      /^gossip\.mixing push-sum sends sums that grow/,
    ],
    [
      'choco without its step',
      { gossip: { mixing: 'choco', rounds: 'synchronous' }, network: sim },
      /^gossip\.mixing choco needs gossip\.consensusStep, which has no default; say how far/,
    ],
    [
      'choco without barriers',
      { gossip: { mixing: 'choco', consensusStep: 0.3 }, network: sim },
      /^gossip\.mixing choco needs rounds synchronous: .*; set gossip\.rounds: synchronous$/,
    ],
    [
      'choco on a real network',
      { gossip: choco, network: { transport: 'tcp' } },
      /^gossip\.mixing choco cannot go with network\.transport tcp: the mesh of a real network changes.*set network\.transport: sim/,
    ],
    [
      'choco on a graph that is drawn anew',
      { gossip: choco, network: { ...sim, topology: { kind: 'regular', degree: 3, redrawn: true } } },
      /^gossip\.mixing choco cannot go with network\.topology regular, whose graph changes from round to round/,
    ],
    [
      'choco on a graph that prescribes its weights',
      { gossip: choco, network: { ...sim, topology: { kind: 'base', degree: 1 } } },
      /^gossip\.mixing choco cannot go with network\.topology base, .*set gossip\.mixing: graph$/,
    ],
    [
      'choco where messages get lost',
      { gossip: choco, network: { ...sim, loss: 0.1 } },
      /^gossip\.mixing choco cannot go with network\.loss 0\.1: .*; set network\.loss: 0, or mix by another rule$/,
    ],
    [
      'choco with crashes',
      { gossip: choco, network: sim, faults: { timeline: [{ atMs: 5, action: 'crash', nodes: [0] }] } },
      /^gossip\.mixing choco cannot go with faults\.timeline, which has a crash: .*; remove it, or mix by another rule$/,
    ],
    [
      'choco with churn',
      { gossip: choco, network: sim, faults: { churn: { meanUpMs: 9, meanDownMs: 9, untilMs: 99 } } },
      /^gossip\.mixing choco cannot go with faults\.churn: /,
    ],
  ];
  for (const [what, sections, sentence] of refused) {
    it(`is refused: ${what}`, () => {
      const problems = problemsOf(sections);
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0] as string, sentence);
    });
  }
});

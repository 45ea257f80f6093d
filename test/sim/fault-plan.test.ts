import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { OperatorError } from '../../src/lib/errors.ts';
import { Prng } from '../../src/lib/prng.ts';
import { type FaultPlan, planFaults } from '../../src/sim/fault-plan.ts';
import { readFaultTrace, type TraceRow } from '../../src/sim/fault-trace.ts';
import { faultsSchema } from '../../src/sim/faults.ts';

function plan(section: object, nodes = 4, seed = 1, trace: TraceRow[] = []): FaultPlan {
  return planFaults(faultsSchema.parse(section), nodes, trace, new Prng(seed));
}

/** Whether each node is up at the end of each event, checking that no event repeats a state. */
function replay({ absent, events }: FaultPlan, nodes: number): Map<number, boolean> {
  const up = new Map(Array.from({ length: nodes }, (_, node) => [node, !absent.includes(node)]));
  let lastMs = 0;
  for (const event of events) {
    assert.ok(event.atMs >= lastMs);
    lastMs = event.atMs;
    if (event.kind !== 'up' && event.kind !== 'down') continue;
    assert.deepEqual(
      event.nodes,
      [...new Set(event.nodes)].sort((a, b) => a - b),
    );
    for (const node of event.nodes) {
      assert.notEqual(up.get(node), event.kind === 'up', `node ${node} is ${event.kind} twice`);
      up.set(node, event.kind === 'up');
    }
  }
  return up;
}

describe('planFaults()', () => {
  it('puts the timeline in order of time, and of one time in that of the file', () => {
    const { absent, events, goneForEverAtMs } = plan({
      timeline: [
        { atMs: 400, action: 'restart' },
        { atMs: 200, action: 'crash', nodes: [3, 0] },
        { atMs: 400, action: 'slow', nodes: [1], factor: 4 },
        {
          atMs: 100,
          action: 'partition',
          groups: [
            [0, 3],
            [2, 1],
          ],
        },
        { atMs: 300, action: 'heal' },
        { atMs: 50, action: 'join', nodes: [2] },
      ],
    });
    assert.deepEqual(absent, [2]);
    assert.deepEqual(events, [
      { atMs: 50, kind: 'up', nodes: [2] },
      { atMs: 100, kind: 'partition', parts: [0, 1, 1, 0] },
      { atMs: 200, kind: 'down', nodes: [0, 3] },
      { atMs: 300, kind: 'heal' },
      { atMs: 400, kind: 'up', nodes: [0, 3] },
      { atMs: 400, kind: 'slow', nodes: [1], factor: 4 },
    ]);
    assert.equal(goneForEverAtMs.size, 0);
  });

  it('draws a share from the nodes that are up, and parts of equal size', () => {
    const timeline = [
      { atMs: 1, action: 'crash', share: 0.25 },
      { atMs: 2, action: 'crash', share: 0.5 },
      { atMs: 3, action: 'partition', parts: 3 },
    ];
    const [first, second, parted] = plan({ timeline }, 100).events;
    assert.ok(first?.kind === 'down' && second?.kind === 'down' && parted?.kind === 'partition');
    assert.deepEqual([first.nodes.length, second.nodes.length], [25, 38]);
    assert.equal(new Set([...first.nodes, ...second.nodes]).size, 63);
    const sizes = [0, 1, 2].map((part) => parted.parts.filter((each) => each === part).length);
    assert.deepEqual(sizes, [34, 33, 33]);
  });

  it('draws other nodes with another seed, and the same with the same', () => {
    const section = { timeline: [{ atMs: 1, action: 'crash', share: 0.3 }], clockDriftPpm: 50 };
    assert.deepEqual(plan(section, 50, 7), plan(section, 50, 7));
    assert.notDeepEqual(plan(section, 50, 7), plan(section, 50, 8));
  });

  it('lets churn take each node up and down in turn, and all back at the end', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 }), (seed, up, down) => {
        const churn = { meanUpMs: up, meanDownMs: down, untilMs: 500 };
        const made = plan({ churn }, 5, seed);
        assert.deepEqual([...replay(made, 5).values()], [true, true, true, true, true]);
        assert.ok(made.events.every(({ atMs }) => atMs <= 500));
      }),
    );
  });

  it('keeps the mean times of churn', () => {
    const { events } = plan({ churn: { meanUpMs: 300, meanDownMs: 100, untilMs: 100_000 } }, 50, 3);
    let downMs = 0;
    let crashes = 0;
    for (const event of events) {
      if (event.kind === 'down') crashes += event.nodes.length;
      if (event.kind === 'down') downMs -= event.atMs * event.nodes.length;
      if (event.kind === 'up') downMs += event.atMs * event.nodes.length;
    }
    // 12,500 cycles: the mean of an exponential time is known to 1 %.
    assert.ok(Math.abs(downMs / crashes - 100) < 4, `${downMs / crashes}`);
    assert.ok(Math.abs(crashes - (50 * 100_000) / 400) < 500, `${crashes}`);
  });

  it('refuses churn of more crashes than can be planned', () => {
    const churn = { meanUpMs: 0.001, meanDownMs: 1, untilMs: 86_400_000 };
    assert.throws(
      () => plan({ churn }, 20),
      /^OperatorError: faults\.churn makes about 1726273\d* crashes of 20 nodes, and at most 1000000 are planned; raise/,
    );
  });

  it('keeps a node down as long as anything keeps it down', () => {
    const trace: TraceRow[] = [
      { node: 0, atMs: 100, isUp: false },
      { node: 0, atMs: 300, isUp: true },
      { node: 1, atMs: 50, isUp: true },
    ];
    const timeline = [
      { atMs: 200, action: 'crash', nodes: [0] },
      { atMs: 250, action: 'restart' },
      { atMs: 260, action: 'crash', nodes: [0] },
      { atMs: 400, action: 'restart' },
    ];
    const { absent, events } = plan({ timeline }, 3, 1, trace);
    assert.deepEqual(absent, [1]);
    assert.deepEqual(events, [
      { atMs: 50, kind: 'up', nodes: [1] },
      { atMs: 100, kind: 'down', nodes: [0] },
      { atMs: 400, kind: 'up', nodes: [0] },
    ]);
  });

  it('replays without contradiction whatever comes together', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 2, max: 12 }), (seed, nodes) => {
        const made = plan(
          {
            timeline: [
              { atMs: 10, action: 'join', nodes: [0] },
              { atMs: 20, action: 'crash', nodes: [1] },
              { atMs: 60, action: 'restart' },
            ],
            churn: { meanUpMs: 20, meanDownMs: 20, untilMs: 100 },
          },
          nodes,
          seed,
        );
        assert.ok([...replay(made, nodes).values()].every(Boolean));
      }),
    );
  });

  it('says which nodes are gone for ever, and since when', () => {
    const { goneForEverAtMs } = plan({ timeline: [{ atMs: 70, action: 'crash', nodes: [1, 2] }] });
    assert.deepEqual(
      [...goneForEverAtMs],
      [
        [1, 70],
        [2, 70],
      ],
    );
  });

  it('lets clocks deviate by as much as is asked', () => {
    const { clockRates } = plan({ clockDriftPpm: 100 }, 2000);
    const deviations = clockRates.map((rate) => 1e6 * (rate - 1));
    const sigma = Math.sqrt(deviations.reduce((sum, value) => sum + value ** 2, 0) / 2000);
    assert.ok(Math.abs(sigma - 100) < 8, `${sigma}`);
    assert.ok(plan({}).clockRates.every((rate) => rate === 1));
  });

  const refused: [what: string, timeline: object[], sentence: RegExp][] = [
    [
      'a node beyond the fleet',
      [{ atMs: 1, action: 'crash', nodes: [4] }],
      /\[0\] names node 4, but the nodes are 0 to 3; /,
    ],
    [
      'a restart where none is down',
      [{ atMs: 1, action: 'restart' }],
      /\[0\] restarts nodes where none is down; crash some before/,
    ],
    [
      'a restart of a node that is never down',
      [
        { atMs: 1, action: 'crash', nodes: [1] },
        { atMs: 2, action: 'restart', nodes: [0] },
      ],
      /\[1\] restarts node 0, which is not down; crash it before/,
    ],
    [
      'a crash of a node that is down',
      [
        { atMs: 1, action: 'crash', nodes: [1] },
        { atMs: 2, action: 'crash', nodes: [1] },
      ],
      /\[1\] crashes node 1, which is down already; restart it before/,
    ],
    [
      'a crash of a node that is not there yet',
      [
        { atMs: 9, action: 'join', nodes: [1] },
        { atMs: 2, action: 'crash', nodes: [1] },
      ],
      /\[1\] crashes node 1, which joins at 9 ms only; crash it later/,
    ],
    [
      'a node that joins twice',
      [
        { atMs: 9, action: 'join', nodes: [1] },
        { atMs: 12, action: 'join', nodes: [1] },
      ],
      /\[1\] lets node 1 join, which joins at 9 ms; remove one/,
    ],
    [
      'a heal without a partition',
      [{ atMs: 1, action: 'heal' }],
      /\[0\] heals where nothing is parted; put a partition before it/,
    ],
    [
      'groups that leave a node out',
      [{ atMs: 1, action: 'partition', groups: [[0, 1], [3]] }],
      /\[0\] leaves node 2 in no group; put every node into one/,
    ],
    [
      'more parts than nodes',
      [{ atMs: 1, action: 'partition', parts: 5 }],
      /\[0\] makes 5 parts of 4 nodes; give at most 4/,
    ],
    [
      'a share of nobody',
      [
        { atMs: 1, action: 'crash', share: 1 },
        { atMs: 2, action: 'crash', share: 0.1 },
      ],
      /\[1\] is a crash for which no node is left; remove it/,
    ],
    [
      'everyone down for ever',
      [{ atMs: 1, action: 'crash', share: 1 }],
      /^faults: in the end every node is down for ever/,
    ],
  ];
  for (const [what, timeline, sentence] of refused) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => plan({ timeline }),
        (error) => error instanceof OperatorError && sentence.test(error.message),
      );
    });
  }
});

describe('readFaultTrace()', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-trace-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function read(text: string): Promise<TraceRow[]> {
    const file = join(folder, 'trace.csv');
    await writeFile(file, text);
    return readFaultTrace(file, 3);
  }

  it('reads the columns in any order', async () => {
    assert.deepEqual(await read('state,site,node,atMs\nup,x,2,10\ndown,y,2,20.5\n'), [
      { node: 2, atMs: 10, isUp: true },
      { node: 2, atMs: 20.5, isUp: false },
    ]);
  });

  const refused: [what: string, text: string, sentence: RegExp][] = [
    [
      'a missing column',
      'node,time,state\n',
      /line 1: there is no column atMs; a trace has the columns node, atMs, state$/,
    ],
    ['a node beyond the fleet', 'node,atMs,state\n3,1,up\n', /line 2: node is '3'; give a whole number from 0 to 2$/],
    [
      'a time that is none',
      'node,atMs,state\n1,soon,up\n',
      /line 2: atMs is 'soon'; give virtual milliseconds, at least 0$/,
    ],
    ['a third state', 'node,atMs,state\n1,5,away\n', /line 2: state is 'away'; it must be up or down$/],
    [
      'a state twice',
      'node,atMs,state\n1,5,down\n2,6,down\n1,7,down\n',
      /line 4: node 1 is down already; remove the row$/,
    ],
    [
      'times out of order',
      'node,atMs,state\n1,5,down\n1,4,up\n',
      /line 3: node 1 is at 4 ms after 5 ms; put its rows in order/,
    ],
    [
      'a file without rows',
      'node,atMs,state\n',
      /no row says when a node is up or down; add some, or remove faults\.trace$/,
    ],
    ['a row that is cut off', 'node,atMs,state\n1,5\n', /line 2: the row has 2 cells where the header has 3/],
  ];
  for (const [what, text, sentence] of refused) {
    it(`refuses ${what}, naming file and line`, () =>
      assert.rejects(
        read(text),
        (error) => error instanceof OperatorError && /trace\.csv/.test(error.message) && sentence.test(error.message),
      ));
  }

  it('refuses a file that does not exist', () =>
    assert.rejects(readFaultTrace(join(folder, 'none.csv'), 3), /none\.csv: no such file; check faults\.trace$/));
});

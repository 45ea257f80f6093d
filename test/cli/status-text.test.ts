import assert from 'node:assert/strict';
import fc from 'fast-check';
import { peersText, statusText } from '../../src/cli/status-text.ts';
import { plainStyle } from '../../src/cli/style.ts';
import type { GatewayStatus, PeersStatus } from '../../src/node/gateway/status.ts';

const peer = '12D3KooWGRUfvNSAqpXYJzW8ciRoFSf2DBUUdbPzBNGvFVKHRZzm';

function statusOf(changes: Partial<GatewayStatus> = {}): GatewayStatus {
  return {
    federation: { name: 'pumps', id: 'ab'.repeat(32) },
    peer,
    addresses: [],
    startedAtUtc: '2026-03-02T08:15:00Z',
    uptimeSeconds: 3723,
    phase: 'training',
    source: { name: 'mqtt://broker:1883', counts: { samples: 12_345, malformed: 0 }, ended: false },
    data: { trainRows: 1, validateRows: 512, rowsNeeded: 32, counts: { windows: 9876, late: 0, gaps: 3 } },
    model: { round: 1234, clockRound: 1250, loss: 0.012345678, threshold: 0.5, score: null, mixed: 1, divergences: 0 },
    network: {
      connections: 1,
      mesh: 1,
      updatesSent: 1000,
      updatesReceived: 1,
      bytesSent: 1_500_000,
      bytesReceived: 10,
      sendsFailed: 0,
      rejected: {},
    },
    alerts: { open: false, total: 0, latest: [], delivery: null },
    store: { folder: '.rumormill', bytes: 2_000_000, degraded: null, counts: {} },
    process: { rssBytes: 120_000_000, cpuSeconds: 1, cpuShare: 0.031, cpuShareMax: 0.25 },
    ...changes,
  };
}

describe('statusText()', () => {
  it('says first what an operator wants to know, and nothing of what did not happen', () => {
    assert.deepEqual(statusText(statusOf(), 200, plainStyle).split('\n'), [
      `federation  pumps, ${'ab'.repeat(32)}`,
      `peer        ${peer}`,
      'running     1:02:03, since 2026-03-02T08:15:00Z',
      'learning    round 1,234, loss 0.01235, 1 update mixed in the last one; newest window –, threshold 0.5',
      'data        1 window to train on and 512 held out',
      'source      mqtt://broker:1883; samples 12,345',
      'intake      windows 9,876, gaps 3',
      'network     1 peer connected, 1 in the mesh; 1,000 updates sent and 1 received, 1.50 MB and 10 B',
      'alerts      none',
      'state       .rumormill, 2.00 MB',
      'process     120 MB of memory; 3.1 % of a core, of 25 % allowed',
      '',
    ]);
  });

  it('says what it waits for, and that training diverged', () => {
    const { model } = statusOf();
    const learning = (changes: Partial<GatewayStatus>) =>
      /learning {4}(.*)/.exec(statusText(statusOf(changes), 200, plainStyle))?.[1];
    assert.equal(learning({ phase: 'gathering' }), 'not yet: 1 of the 32 windows that it takes are there');
    assert.equal(
      learning({ phase: 'gathering', model: { ...model, divergences: 1 } }),
      'training diverged 1 time and begins anew soon',
    );
    assert.equal(learning({ phase: 'joining' }), 'asking the neighbours; newest window –, threshold 0.5');
    assert.equal(
      learning({ model: { ...model, round: 0, loss: null, divergences: 2, threshold: null } }),
      'in its first round; training diverged 2 times; newest window –, threshold –',
    );
  });

  it('says trouble with disk, peers and sends where there is some', () => {
    const { store, network } = statusOf();
    const text = statusText(
      statusOf({
        store: { ...store, degraded: 'gateway.db cannot be written', counts: { failedWrites: 7 } },
        network: { ...network, sendsFailed: 2, rejected: { stale: 3, malformed: 0 } },
      }),
      200,
      plainStyle,
    );
    assert.match(text, /^refused {5}stale 3$/m);
    assert.match(text, /; 2 sends failed$/m);
    assert.match(text, /^state {7}\.rumormill, 2\.00 MB; failedWrites 7$/m);
    assert.match(text, /^gateway\.db cannot be written$/m);
  });

  it('lists the newest alerts with the sensors that most of each comes from', () => {
    const alert = (day: number) => ({
      startUtc: `2026-03-0${day}T08:15:00Z`,
      endUtc: `2026-03-0${day}T08:16:00Z`,
      score: 12.3456,
      threshold: 1,
      sensors: [
        { name: 'bearing', share: 0.7 },
        { name: 'oil', share: 0.2 },
        { name: 'speed', share: 0.06 },
        { name: 'level', share: 0.05 },
      ],
    });
    const latest = [7, 6, 5, 4, 3, 2].map(alert);
    const text = statusText(statusOf({ alerts: { open: true, total: 1200, latest, delivery: null } }), 120, plainStyle);
    assert.match(text, /^alerts {6}1,200, one of them now$/m);
    const [, listed = ''] = text.split('latest alerts\n');
    assert.equal(listed.trimEnd().split('\n').length, 5);
    assert.equal(
      listed.split('\n')[0],
      '2026-03-07T08:15:00Z to 2026-03-07T08:16:00Z: 12.35 above 1; bearing 70 %, oil 20 %, speed 6.0 %',
    );
  });

  it('fits its lines to the terminal, and parts no count from its name', () => {
    const name = fc.stringMatching(/^[a-z]{3,16}$/);
    fc.assert(
      fc.property(
        fc.dictionary(name, fc.nat(1e9), { maxKeys: 20 }),
        fc.integer({ min: 78, max: 160 }),
        (counts, columns) => {
          const { data } = statusOf();
          const text = statusText(statusOf({ data: { ...data, counts } }), columns, plainStyle);
          for (const line of text.split('\n')) {
            assert.ok(line.length <= columns, line);
            assert.doesNotMatch(line, /\u00a0/);
          }
          for (const [counted, count] of Object.entries(counts)) {
            if (count > 0) assert.ok(text.includes(`${counted} ${count.toLocaleString('en-US')}`), counted);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('lets no name of a source steer the terminal', () => {
    const text = statusText(statusOf({ source: { name: '\u001b[2Jx\ny', counts: {}, ended: true } }), 80, plainStyle);
    assert.match(text, /^source {6}x y, at its end$/m);
  });
});

describe('peersText()', () => {
  const status = (who: string, changes: Partial<PeersStatus[number]>): PeersStatus[number] => ({
    who,
    origin: 'heard',
    connected: false,
    inMesh: false,
    address: '/ip4/10.0.0.7/tcp/4077',
    reason: null,
    score: 0,
    ...changes,
  });

  it('lists neighbours first, then who else is connected, then who is not and why', () => {
    const away = '/dns4/gw9/tcp/4077';
    const text = peersText(
      [
        status(away, { address: away, reason: 'timeout' }),
        status('C', { connected: true }),
        status(peer, { connected: true, inMesh: true, address: `/ip4/10.0.0.7/tcp/4077/p2p/${peer}`, score: -2.5 }),
        status('B', { connected: true }),
      ],
      plainStyle,
    );
    assert.deepEqual(text.split('\n'), [
      `neighbour   ${peer}  score -2.5`,
      '            /ip4/10.0.0.7/tcp/4077',
      'connected   B',
      '            /ip4/10.0.0.7/tcp/4077',
      'connected   C',
      '            /ip4/10.0.0.7/tcp/4077',
      `away        ${away}`,
      '            timeout',
      '',
    ]);
  });

  it('says where nobody is known', () => {
    assert.equal(peersText([], plainStyle), 'No peer is known.\n');
  });
});

// A gateway from the command line whose bearing fails: the alert reaches a web server.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { statusText } from '../../src/cli/status-text.ts';
import { alertEventSchema } from '../../src/node/alerts/alert-event.ts';
import { AlertServer } from '../support/alert-server.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { eventually } from '../support/live-federation.ts';

const manifest = `rumormill: 1
name: pumps
sensors: [{ name: flow }, { name: bearing }]
sampling: { intervalMs: 1000 }
window: { length: 4, stride: 2 }
gossip: { roundIntervalMs: 200 }
`;

/** Rows of 1 Hz, the last 40 of which have a hot bearing. */
function series(): string {
  const lines = ['time,flow,bearing'];
  for (let t = 0; t < 1200; t++) {
    const flow = Math.sin(t / 7) + 0.1 * Math.sin(t * 12.9898);
    lines.push(`${1_767_225_600 + t},${flow.toFixed(4)},${(0.5 * flow + (t >= 1160 ? 30 : 0)).toFixed(4)}`);
  }
  return `${lines.join('\n')}\n`;
}

describe('rumormill join --alerts', function () {
  this.timeout(90_000);
  let folder: string;
  let server: AlertServer;
  let gateway: GatewayProcess | undefined;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-alerts-'));
    server = await AlertServer.make();
    await server.start();
  });
  after(async () => {
    await gateway?.kill();
    await server.stop();
    await rm(folder, { recursive: true });
  });

  it('posts an alert when it opens and when it closes', async () => {
    await writeFile(join(folder, 'federation.yaml'), manifest);
    await writeFile(join(folder, 'plant.csv'), series());
    await writeFile(join(folder, 'source.yaml'), 'kind: csv\npath: plant.csv\nspeed: 100\nrepeat: true\n');
    gateway = GatewayProcess.start({
      args: ['federation.yaml', '--source', 'source.yaml', '--no-mdns', '--alerts', server.url],
      state: join(folder, 'state'),
      cwd: folder,
    });
    const told = () => server.bodies.map((body) => alertEventSchema.parse(JSON.parse(body)));
    const ofBearing = () => told().find(({ kind, sensors }) => kind === 'opened' && sensors[0]?.name === 'bearing');
    const isOver = () => told().some(({ kind, alert }) => kind === 'closed' && alert === ofBearing()?.alert);
    await eventually(isOver, 'the alert is over', 60_000).catch(() => assert.fail(gateway?.output));
    const status = await gateway.until(({ alerts }) => alerts.delivery?.waiting === 0, 'nothing waits');
    assert.equal(ofBearing()?.federation.id, status.federation.id);
    assert.equal(ofBearing()?.peer, status.peer);
    assert.ok((status.alerts.delivery?.delivered ?? 0) >= 2);
    const text = statusText(status, 200, (_, words) => words);
    assert.match(text, /messages delivered to http:\/\/127\.0\.0\.1:\d+, 0 waiting/);
    assert.equal(await gateway.stop(), 130);
  });
});

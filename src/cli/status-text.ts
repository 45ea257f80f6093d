// A gateway's status and its peers as text. Reads what the gateway answered and nothing else.

import type { GatewayStatus, PeersStatus } from '../node/gateway/status.ts';
import { bytes } from '../report/format.ts';
import { countText, durationText, safeText, valueText, wrapText } from './format.ts';
import type { Style } from './style.ts';

const labelWidth = 12;
const alertsMax = 5;

/** Everything that an operator wants to know first, at most `columns` characters a line. */
export function statusText(status: GatewayStatus, columns: number, style: Style): string {
  const { federation, uptimeSeconds, store } = status;
  const rows: [label: string, text: string][] = [
    ['federation', `${safeText(federation.name)}, ${federation.id}`],
    ['peer', status.peer],
    ['running', `${durationText(1000 * uptimeSeconds)}, since ${status.startedAtUtc}`],
    ['learning', learningText(status)],
    ['data', dataText(status)],
    ['network', networkText(status)],
    ['alerts', alertsText(status)],
    ['state', `${store.folder}, ${bytes(store.bytes)}${countsText(store.counts)}`],
    ['process', processText(status)],
  ];
  const lines = rows.flatMap(([label, text]) => {
    const [first = '', ...rest] = wrapText(text, columns - labelWidth);
    return [
      `${style('bold', label.padEnd(labelWidth))}${first}`,
      ...rest.map((line) => `${' '.repeat(labelWidth)}${line}`),
    ];
  });
  if (store.degraded !== null) lines.push(...wrapText(store.degraded, columns).map((line) => style('yellow', line)));
  return `${[...lines, ...alertLines(status, columns, style)].join('\n')}\n`;
}

function learningText({ phase, data, model }: GatewayStatus): string {
  if (phase === 'gathering')
    return `not yet: ${data.trainRows} of the ${data.rowsNeeded} windows that it takes are there`;
  const round = `round ${countText(model.round)}, loss ${valueText(model.loss)}, ${model.mixed} updates mixed in the last one`;
  const diverged = model.divergences > 0 ? `; training diverged ${countText(model.divergences)} times` : '';
  const score = `newest window ${valueText(model.score)}, threshold ${valueText(model.threshold)}`;
  return `${phase === 'joining' ? 'asking the neighbours' : round}${diverged}; ${score}`;
}

function dataText({ source, data }: GatewayStatus): string {
  const from = source.name === null ? 'no source' : `${safeText(source.name)}${source.ended ? ', at its end' : ''}`;
  const windows = `${countText(data.trainRows)} windows to train on and ${countText(data.validateRows)} held out`;
  return `${windows}, from ${from}${countsText({ ...source.counts, ...data.counts })}`;
}

function networkText({ network }: GatewayStatus): string {
  const { connections, mesh, updatesSent, updatesReceived, bytesSent, bytesReceived } = network;
  return (
    `${mesh} neighbours of ${connections} peers connected; ${countText(updatesSent)} updates sent and ` +
    `${countText(updatesReceived)} received, ${bytes(bytesSent)} and ${bytes(bytesReceived)}${countsText(network.rejected, 'refused: ')}`
  );
}

function alertsText({ alerts }: GatewayStatus): string {
  const total = alerts.total === 0 ? 'none' : `${countText(alerts.total)}${alerts.open ? ', one of them now' : ''}`;
  if (alerts.delivery === null) return total;
  const { target, delivered, waiting, attempts, refused, dropped } = alerts.delivery;
  const tried = attempts > 0 ? ` since ${countText(attempts)} attempts` : '';
  return (
    `${total}; ${countText(delivered)} messages delivered to ${safeText(target)}, ${countText(waiting)} waiting${tried}` +
    countsText({ refused, dropped })
  );
}

function processText({ process }: GatewayStatus): string {
  const { rssBytes, cpuShare, cpuShareMax } = process;
  const budget = cpuShareMax === null ? '' : `, of ${percent(cpuShareMax)} allowed`;
  return `${bytes(rssBytes)} of memory; ${percent(cpuShare)} of a core${budget}`;
}

function alertLines({ alerts }: GatewayStatus, columns: number, style: Style): string[] {
  if (alerts.latest.length === 0) return [];
  const lines = alerts.latest.slice(0, alertsMax).map(({ startUtc, endUtc, score, threshold, sensors }) => {
    const most = sensors
      .slice(0, 3)
      .map(({ name, share }) => `${safeText(name)} ${percent(share)}`)
      .join(', ');
    return `${startUtc} to ${endUtc}: ${valueText(score)} above ${valueText(threshold)}; ${most}`;
  });
  return ['', style('bold', 'latest alerts'), ...lines.flatMap((line) => wrapText(line, columns))];
}

/** '; refused: stale 3, duplicate 1' of the counts above 0. */
function countsText(counts: Record<string, number>, what = ''): string {
  const told = Object.entries(counts).filter(([, count]) => count > 0);
  if (told.length === 0) return '';
  return `; ${what}${told.map(([name, count]) => `${name} ${countText(count)}`).join(', ')}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;
}

/** One line for each peer: neighbours first, then who else is connected, then who is not. */
export function peersText(peers: PeersStatus, style: Style): string {
  if (peers.length === 0) return 'No peer is known.\n';
  const rank = ({ inMesh, connected }: PeersStatus[number]) => (inMesh ? 0 : connected ? 1 : 2);
  const order = [...peers].sort((a, b) => rank(a) - rank(b) || (a.who < b.who ? -1 : 1));
  const lines = order.flatMap(({ who, inMesh, connected, address, reason, score }) => {
    const role = inMesh ? 'neighbour' : connected ? 'connected' : 'away';
    const blemish = score < 0 ? `  score ${valueText(score)}` : '';
    const where = who === address ? '' : `  ${safeText(address)}`;
    return [
      `${style(connected ? 'bold' : 'dim', role.padEnd(labelWidth))}${safeText(who)}${blemish}`,
      `${' '.repeat(labelWidth - 2)}${where}${reason === null ? '' : `  ${style('yellow', safeText(reason))}`}`,
    ].filter((line) => line.trim() !== '');
  });
  return `${lines.join('\n')}\n`;
}

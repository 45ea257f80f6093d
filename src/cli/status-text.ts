// A gateway's status and its peers as text. Reads what the gateway answered and nothing else.

import type { GatewayStatus, PeersStatus } from '../node/gateway/status.ts';
import { bytes } from '../report/format.ts';
import { countText, durationText, safeText, valueText, wrapText } from './format.ts';
import type { Style } from './style.ts';

const labelWidth = 12;
const alertsMax = 5;

/** Everything that an operator wants to know first, at most `columns` characters a line. */
export function statusText(status: GatewayStatus, columns: number, style: Style): string {
  const { federation, uptimeSeconds, network, store } = status;
  const rows: [label: string, text: string][] = [
    ['federation', `${safeText(federation.name)}, ${federation.id}`],
    ['peer', status.peer],
    ['running', `${durationText(1000 * uptimeSeconds)}, since ${status.startedAtUtc}`],
    ['learning', learningText(status)],
    ['data', dataText(status)],
    ['source', sourceText(status)],
    ['intake', listText(status.data.counts)],
    ['network', networkText(status)],
    ['refused', listText(network.rejected)],
    ['alerts', alertsText(status)],
    ['state', `${store.folder}, ${bytes(store.bytes)}${afterSemicolon(listText(store.counts))}`],
    ['process', processText(status)],
  ];
  const told = rows.filter(([, text]) => text !== '');
  const lines = told.flatMap(([label, text]) => {
    const [first = '', ...rest] = wrapText(text, columns - labelWidth).map(withSpaces);
    return [
      `${style('bold', label.padEnd(labelWidth))}${first}`,
      ...rest.map((line) => `${' '.repeat(labelWidth)}${line}`),
    ];
  });
  if (store.degraded !== null) lines.push(...wrapText(store.degraded, columns).map((line) => style('yellow', line)));
  return `${[...lines, ...alertLines(status, columns, style)].join('\n')}\n`;
}

function learningText({ phase, data, model }: GatewayStatus): string {
  const { divergences } = model;
  const diverged = divergences > 0 ? `training diverged ${counted(divergences, 'time', 'times')}` : '';
  if (phase === 'gathering') {
    if (diverged !== '') return `${diverged} and begins anew soon`;
    return `not yet: ${data.trainRows} of the ${data.rowsNeeded} windows that it takes are there`;
  }
  const round =
    phase === 'joining'
      ? 'asking the neighbours'
      : model.round === 0
        ? 'in its first round'
        : `round ${countText(model.round)}, loss ${valueText(model.loss)}, ${counted(model.mixed, 'update', 'updates')} mixed in the last one`;
  const score = `newest window ${valueText(model.score)}, threshold ${valueText(model.threshold)}`;
  return `${round}${afterSemicolon(diverged)}; ${score}`;
}

function dataText({ data }: GatewayStatus): string {
  return `${counted(data.trainRows, 'window', 'windows')} to train on and ${countText(data.validateRows)} held out`;
}

function sourceText({ source }: GatewayStatus): string {
  if (source.name === null) return 'none';
  const end = source.ended ? ', at its end' : '';
  return `${safeText(source.name)}${end}${afterSemicolon(listText(source.counts))}`;
}

function networkText({ network }: GatewayStatus): string {
  const { connections, mesh, updatesSent, updatesReceived, bytesSent, bytesReceived, sendsFailed } = network;
  const failed = sendsFailed > 0 ? `; ${counted(sendsFailed, 'send', 'sends')} failed` : '';
  return (
    `${counted(connections, 'peer', 'peers')} connected, ${countText(mesh)} in the mesh; ` +
    `${counted(updatesSent, 'update', 'updates')} sent and ${countText(updatesReceived)} received, ` +
    `${bytes(bytesSent)} and ${bytes(bytesReceived)}${failed}`
  );
}

function alertsText({ alerts }: GatewayStatus): string {
  const total = alerts.total === 0 ? 'none' : `${countText(alerts.total)}${alerts.open ? ', one of them now' : ''}`;
  if (alerts.delivery === null) return total;
  const { target, delivered, waiting, attempts, refused, dropped } = alerts.delivery;
  const tried = attempts > 0 ? ` since ${countText(attempts)} attempts` : '';
  return (
    `${total}; ${countText(delivered)} messages delivered to ${safeText(target)}, ${countText(waiting)} waiting${tried}` +
    afterSemicolon(listText({ refused, dropped }))
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

/** 'stale 3, duplicate 1' of the counts above 0, where no line ends between a name and its count. */
function listText(counts: Record<string, number>): string {
  const told = Object.entries(counts).filter(([, count]) => count > 0);
  return told.map(([name, count]) => `${name}${unbroken}${countText(count)}`).join(', ');
}

/** Stands for a space at which no line ends. */
const unbroken = '\u00a0';

function withSpaces(line: string): string {
  return line.replaceAll(unbroken, ' ');
}

function afterSemicolon(text: string): string {
  return text === '' ? '' : `; ${text}`;
}

/** '1 window', '1,234 windows'. */
function counted(count: number, one: string, many: string): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
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
    const where = who === address ? '' : `  ${safeText(address.replace(`/p2p/${who}`, ''))}`;
    return [
      `${style(connected ? 'bold' : 'dim', role.padEnd(labelWidth))}${safeText(who)}${blemish}`,
      `${' '.repeat(labelWidth - 2)}${where}${reason === null ? '' : `  ${style('yellow', safeText(reason))}`}`,
    ].filter((line) => line.trim() !== '');
  });
  return `${lines.join('\n')}\n`;
}

// The command `join`: runs a gateway on this machine until it is stopped. Owns its flags and how its sentences are printed.
import { randomBytes } from 'node:crypto';
import { type Command, Option } from 'commander';
import { OperatorError } from '../lib/errors.ts';
import { Prng } from '../lib/prng.ts';
import type { GatewaySettings } from '../node/gateway/run-gateway.ts';
import { exitStopped, exitSuccess } from './exit-codes.ts';
import { safeText } from './format.ts';
import { defaultStateFolder } from './gateway-client.ts';
import { watchStopSignals } from './interrupt.ts';
import type { Ports } from './ports.ts';
import { styleFor } from './style.ts';

interface Flags {
  id?: string;
  source?: string;
  alerts?: string;
  follow?: true;
  state: string;
  port: number;
  peer: string[];
  mdns: boolean;
  key?: string;
  roster?: string;
  cpu?: number;
  verbose?: true;
}

/** Adds `rumormill join` to the program; `done` receives the exit code. */
export function addJoinCommand(program: Command, ports: Ports, done: (code: number) => void): void {
  program
    .command('join')
    .description('run a gateway: find the others of its federation, learn with them, raise alerts')
    .argument('[FILE]', "the federation's manifest, as rumormill init writes it")
    .option('--id <ID>', 'in place of FILE: fetch the manifest of the federation with this id from a member')
    .option('--source <SOURCE>', 'where samples come from: a .csv file, -, mqtt://…, opc.tcp://… or a .yaml file')
    .option('--follow', 'the source is a CSV file that grows')
    .option('--alerts <TARGET>', 'where alerts go: mqtt://host/topic, https://host/path or a .yaml file')
    .option('--state <DIR>', 'folder for identity, model, windows and alerts', defaultStateFolder)
    .addOption(new Option('--port <N>', 'TCP port for peers').default(0, 'any').argParser(portOf))
    .option(
      '--peer <ADDRESS>',
      'stay connected with a peer, such as /dns4/gw1/tcp/4077; may be given again',
      collect,
      [],
    )
    .option('--no-mdns', 'do not look for peers on the local network')
    .option('--key <FILE>', "the private network's key; only who has it can connect")
    .option('--roster <FILE>', "the owner's signed list of members; read again when it changes")
    .addOption(new Option('--cpu <SHARE>', 'of one core, for the whole process, such as 25%').argParser(shareOf))
    .option('--verbose', 'say every round')
    .addHelpText(
      'after',
      `
Examples:
  rumormill join federation.yaml --source plant.csv --follow
  rumormill join federation.yaml --source mqtt://broker/plant/# --key federation.key --cpu 25%
  rumormill join federation.yaml --source source.yaml --alerts mqtts://broker/plant/alerts
  rumormill join --id 0f3c…9a --peer /ip4/10.0.0.7/tcp/4077 --source source.yaml
While it runs, rumormill status, peers and score ask it from another terminal.`,
    )
    .action(async (file: string | undefined, flags: Flags) => done(await join(file, flags, ports)));
}

async function join(file: string | undefined, flags: Flags, ports: Ports): Promise<number> {
  const { stdout, environment, clock, today } = ports;
  // libp2p, SQLite and the engines are loaded for this command only.
  const { readManifest } = await import('../node/manifest.ts');
  const { readSourceConfig } = await import('../node/sources/read-source-config.ts');
  const { readAlertsConfig } = await import('../node/alerts/read-alerts-config.ts');
  const { source, alerts, follow = false, state, port, peer, mdns, key, roster, cpu, verbose = false } = flags;
  if (source === undefined && follow) {
    throw new OperatorError('--follow: there is no source to follow; give a CSV file with --source');
  }
  const settings: GatewaySettings = {
    federation: federationOf(file, flags.id) ?? (await readManifest(file as string)),
    source: source === undefined ? undefined : await readSourceConfig(source, process.cwd(), { follow }),
    alerts: alerts === undefined ? undefined : await readAlertsConfig(alerts, process.cwd()),
    folder: state,
    port,
    peers: peer,
    mdns,
    keyFile: key,
    rosterFile: roster,
    cpuShareMax: cpu,
    verbose,
  };
  const style = styleFor(stdout, environment);
  const say = (sentence: string) => {
    const line = safeText(sentence);
    const time = today()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z');
    stdout.write(`${style('dim', time)} ${line.startsWith('ALERT') ? style('red', line) : line}\n`);
  };
  const interrupt = watchStopSignals(ports, { note: say, end: () => undefined });
  try {
    const prng = new Prng(randomBytes(16).toString('hex'));
    const gatewayPorts = { clock, wallClockMs: () => today().getTime(), prng, say, environment };
    await ports.runGateway(settings, gatewayPorts, interrupt.signal);
    return interrupt.stoppedBy === undefined ? exitSuccess : exitStopped[interrupt.stoppedBy];
  } finally {
    interrupt.end();
  }
}

/** The id that is given in place of a file; undefined for a file. */
function federationOf(file: string | undefined, id: string | undefined): Uint8Array | undefined {
  if (file !== undefined && id !== undefined) {
    throw new OperatorError(`${file} and --id ${id}: give one of them; a manifest has its own id`);
  }
  if (id === undefined) {
    if (file !== undefined) return undefined;
    throw new OperatorError('no federation is given; name its manifest, or give its id with --id');
  }
  if (!/^[0-9a-f]{64}$/i.test(id)) {
    throw new OperatorError(`--id ${id}: is no federation's id; give the 64 hex digits that rumormill init printed`);
  }
  return new Uint8Array(Buffer.from(id, 'hex'));
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new OperatorError(`--port ${text}: give a port from 1 to 65535, or 0 for any`);
}

/** '25%' or '0.25' as 0.25; more than one core is more than 100%. */
function shareOf(text: string): number {
  const [, number = '', percent] = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(text) ?? [];
  const share = Number(number) / (percent ? 100 : 1);
  if (number !== '' && share >= 0.01 && share <= 64) return share;
  throw new OperatorError(`--cpu ${text}: give a share of one core of at least 1%, such as 25%`);
}

function collect(value: string, earlier: string[] = []): string[] {
  return [...earlier, value];
}

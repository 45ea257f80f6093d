// From what an operator gave to a gateway that runs: identity, network, manifest, state, alerts, learning, control, source, in
// that order, and back at the end. Owns the order; prints nothing.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { federationText } from '../../gossip/manifest.ts';
import { PeerError } from '../../gossip/peer-error.ts';
import { writeFileAtomic } from '../../lib/atomic-file.ts';
import type { Clock } from '../../lib/clock.ts';
import { Closers } from '../../lib/closers.ts';
import { messageOf, OperatorError } from '../../lib/errors.ts';
import type { Prng } from '../../lib/prng.ts';
import { AlertSender } from '../alerts/alert-sender.ts';
import type { AlertsConfig } from '../alerts/alerts-config.ts';
import { createTarget } from '../alerts/create-target.ts';
import { readTargetSecrets } from '../alerts/target-secrets.ts';
import { originsMax } from '../core-settings.ts';
import { agreementOf, type Manifest, manifestFromPeer } from '../manifest.ts';
import { checkAddress } from '../peers/addresses.ts';
import { loadOrCreateIdentity, parseNetworkKey } from '../peers/identity.ts';
import { type Network, type NetworkOptions, startNetwork } from '../peers/network.ts';
import { verifyRoster } from '../roster.ts';
import { createSource } from '../sources/create-source.ts';
import type { Source } from '../sources/source.ts';
import type { SourceConfig } from '../sources/source-config.ts';
import { processSurroundings } from '../sources/surroundings.ts';
import { openStore, type Store } from '../store/store.ts';
import { controlSocket, serveControl } from './control-server.ts';
import { Gateway } from './gateway.ts';
import { gatewayAnswers } from './gateway-answers.ts';
import { networkText } from './network-text.ts';
import { followRosterFile, offerRosterFile } from './roster-file.ts';

/** What an operator gives. */
export interface GatewaySettings {
  /** The manifest, or the id (32 bytes) of a federation whose manifest is to be fetched from a member. */
  federation: Manifest | Uint8Array;
  source: SourceConfig | undefined;
  /** Where alerts are delivered; undefined for nowhere but the output. */
  alerts: AlertsConfig | undefined;
  /** Folder of the state; made where it is absent. */
  folder: string;
  /** TCP port; 0 for any. */
  port: number;
  /** Multiaddrs of peers to stay connected with. */
  peers: readonly string[];
  mdns: boolean;
  /** Files: the private network's key, and the owner's roster, which is read again when it changes. */
  keyFile: string | undefined;
  rosterFile: string | undefined;
  /** Of one core; undefined for no limit. */
  cpuShareMax: number | undefined;
  verbose: boolean;
}

/** Everything outside. */
export interface GatewayPorts {
  clock: Clock;
  /** Milliseconds since the epoch. */
  wallClockMs(): number;
  prng: Prng;
  /** Takes what an operator wants to read, one sentence each. */
  say(sentence: string): void;
  /** Variables of the environment, for credentials. */
  environment: Readonly<Record<string, string | undefined>>;
}

/** gossipsub's own default, for as long as the manifest is not known. */
const degreeBefore = 6;
const manifestFile = 'manifest.json';

/**
 * Runs a gateway until `signal` aborts, and closes everything. Throws OperatorError for a mistake of the operator's, before
 * anything is learnt or sent; anything else that it throws is a bug.
 */
export async function runGateway(settings: GatewaySettings, ports: GatewayPorts, signal: AbortSignal): Promise<void> {
  const closers = new Closers();
  try {
    await run(settings, ports, closers, signal);
  } catch (error) {
    if (!(signal.aborted && error === signal.reason)) throw error;
  } finally {
    await closers.close();
  }
}

async function run(settings: GatewaySettings, ports: GatewayPorts, closers: Closers, signal: AbortSignal) {
  const { folder, federation, rosterFile } = settings;
  const { say, wallClockMs } = ports;
  const startedMs = wallClockMs();
  // Mistakes first, before anything is opened or written.
  controlSocket(folder);
  for (const address of settings.peers) checkAddress(address);
  const networkKey = settings.keyFile === undefined ? undefined : await readNetworkKey(settings.keyFile);
  const held = 'canonical' in federation ? federation : await heldManifest(folder, federation);
  const heldAgreement = held && agreementOf(held);
  const id = heldAgreement?.federation ?? (federation as Uint8Array);
  if (held) sourceOf(settings, held, 'no peer yet');
  if (held) refuseNeedlessRoster(held, rosterFile);
  const alerts = settings.alerts && {
    config: settings.alerts,
    secrets: await readTargetSecrets(settings.alerts, ports.environment),
  };

  const rosterCounts = Promise.withResolvers<void>();
  let onRoster = rosterCounts.resolve;
  const network = await startNetwork({
    ...networkOptions(settings, ports, id, held),
    identitySeed: await loadOrCreateIdentity(folder),
    ...(networkKey && { networkKey }),
    onEvent: (event) => {
      say(networkText(event));
      if (event.type === 'roster') onRoster();
    },
  });
  closers.add(() => network.stop());
  signal.throwIfAborted();
  say(`this is peer ${network.self} of federation ${federationText(id)}`);
  const manifest = held ?? (await fetchedManifest(network, id, folder, say, signal));
  const agreement = heldAgreement ?? agreementOf(manifest);

  let storeTrouble: string | null = null;
  const store = openStore(folder, {
    federation: id,
    peer: network.self,
    features: agreement.spec.features,
    originsMax,
    wallClockMs,
    onEvent: ({ type, sentence }) => {
      say(sentence);
      if (type !== 'damaged') storeTrouble = type === 'degraded' ? sentence : null;
    },
  });
  closers.add(() => store.close());
  onRoster = () => {
    store.facts.set('roster', network.membership.bytes);
    rosterCounts.resolve();
  };
  await restrict(manifest, id, network, store, rosterFile);

  const sender =
    alerts &&
    new AlertSender({
      origin: { federation: { name: manifest.name, id: federationText(id) }, peer: network.self },
      target: createTarget(alerts.config, alerts.secrets, network.self),
      store,
      prng: ports.prng.fork('alerts'),
      say,
    });
  closers.add(() => sender?.stop());
  const gateway = await Gateway.start({
    ...settings,
    ...ports,
    manifest,
    agreement,
    network,
    store,
    onAlert: (change) => sender?.take(change),
  });
  closers.add(() => gateway.stop());
  const source = sourceOf(settings, manifest, network.self);
  let sourceEnded = false;
  const surroundings = {
    folder,
    source: source?.name ?? null,
    sourceEnded: () => sourceEnded,
    startedMs,
    storeTrouble: () => storeTrouble,
    delivery: () => sender?.status ?? null,
  };
  closers.add(await serveControl(folder, gatewayAnswers(gateway, surroundings)));
  // From here to the race at the end nothing is awaited, so that no abort is missed.
  signal.throwIfAborted();

  // Whatever ends the gateway ends the source too, before the rest is closed.
  const ending = new AbortController();
  const either = AbortSignal.any([signal, ending.signal]);
  const reading = (async () => {
    await source?.run(gateway.sink, either);
    if (source && !either.aborted) {
      sourceEnded = true;
      gateway.sourceEnded();
    }
  })();
  closers.add(async () => {
    ending.abort();
    await reading;
  });
  if (rosterFile !== undefined)
    void followRosterFile(rosterFile, (bytes) => network.membership.offer(bytes), say, either);
  if (!network.membership.known) {
    say(`nobody is a member yet: no roster is here; give the owner's with --roster, or wait for a member that has it`);
  }
  const { promise: stopped, reject: stop } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => stop(signal.reason), { once: true });
  const forever = new Promise<never>(() => undefined);
  const joining = (network.membership.known ? Promise.resolve() : rosterCounts.promise).then(() => gateway.node.join());
  const works = [joining, reading, ...(sender ? [sender.running] : [])];
  await Promise.race([stopped, gateway.node.failed, ...works.map((work) => work.then(() => forever))]);
}

/** The source, by `peer`'s name at a broker. Opens nothing. Throws OperatorError where it does not fit the manifest. */
function sourceOf({ source }: GatewaySettings, { sensors }: Manifest, peer: string): Source | undefined {
  if (source === undefined) return undefined;
  try {
    return createSource(source, sensors, { ...processSurroundings(), gateway: peer });
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    throw new OperatorError(`--source: ${error.message}`, { cause: error });
  }
}

function networkOptions(
  { port, peers, mdns }: GatewaySettings,
  { clock, prng }: GatewayPorts,
  federation: Uint8Array,
  manifest: Manifest | undefined,
): Omit<NetworkOptions, 'onEvent' | 'identitySeed'> {
  return {
    federation,
    listenPort: port,
    peers,
    mdns,
    degree: manifest?.gossip.degree ?? degreeBefore,
    ...(manifest && { manifest: new TextEncoder().encode(manifest.canonical) }),
    clock,
    prng: prng.fork('network'),
  };
}

async function readNetworkKey(path: string): Promise<Uint8Array> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new OperatorError(`--key ${path}: cannot be read (${messageOf(error)}); make one with: rumormill key new`);
  }
  return parseNetworkKey(text, path);
}

/** Where the federation has an owner: the newest of the rosters that the operator gives and that was stored. */
async function restrict(
  manifest: Manifest,
  federation: Uint8Array,
  network: Network,
  store: Store,
  rosterFile: string | undefined,
) {
  const { owner } = manifest;
  refuseNeedlessRoster(manifest, rosterFile);
  if (owner === undefined) return;
  network.restrict((bytes) => verifyRoster(bytes, owner, federation));
  const stored = store.facts.get('roster');
  if (stored) network.membership.offer(stored);
  if (rosterFile !== undefined) await offerRosterFile(rosterFile, (bytes) => network.membership.offer(bytes));
}

function refuseNeedlessRoster({ owner }: Manifest, rosterFile: string | undefined): void {
  if (owner !== undefined || rosterFile === undefined) return;
  throw new OperatorError(
    `--roster ${rosterFile}: the manifest names no owner, so everyone may take part; leave it out, or add owner to the manifest`,
  );
}

/** The manifest that was fetched before; undefined where none was. */
async function heldManifest(folder: string, federation: Uint8Array): Promise<Manifest | undefined> {
  try {
    return manifestFromPeer(await readFile(join(folder, manifestFile)), federation);
  } catch (error) {
    if (error instanceof PeerError || (error instanceof Error && 'code' in error && error.code === 'ENOENT'))
      return undefined;
    throw error;
  }
}

async function fetchedManifest(
  network: Network,
  federation: Uint8Array,
  folder: string,
  say: GatewayPorts['say'],
  signal: AbortSignal,
): Promise<Manifest> {
  say('asking the members of the federation for its manifest');
  const bytes = await network.fetchManifest(signal);
  const manifest = manifestFromPeer(bytes, federation);
  say(`the manifest of ${manifest.name} is here`);
  try {
    await writeFileAtomic(join(folder, manifestFile), bytes);
  } catch (error) {
    say(`the manifest cannot be kept (${messageOf(error)}); after a restart it is asked for again`);
  }
  return manifest;
}

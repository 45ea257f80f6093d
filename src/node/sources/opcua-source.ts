// Live source: an OPC UA server. Owns connection, security and subscription; which variables are sensors is elsewhere.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataValue, OPCUAClient, OPCUAClientOptions, UserIdentityInfo } from 'node-opcua-client';
import { messageOf } from '../../lib/errors.ts';
import { BackOff, sleep } from './back-off.ts';
import { findItems, type OpcuaItem } from './opcua-items.ts';
import { Readings } from './readings.ts';
import { SampleQueue } from './sample-queue.ts';
import { secretOf } from './secret.ts';
import type { SensorTable } from './sensor-table.ts';
import type { Source, SourceSink } from './source.ts';
import type { OpcuaConfig } from './source-config.ts';
import type { Surroundings } from './surroundings.ts';

type Library = typeof import('node-opcua-client');

/** How long a server may take to answer, and a session without a sign of life may live. */
const answerTimeoutMs = 10_000;
const sessionTimeoutMs = 30_000;

/** Values that a server keeps for one variable between two publications, at most. */
const queueSizeMax = 1000;

/** Variables of an OPC UA server as samples, by subscription, with the source's time stamps. */
export class OpcuaSource implements Source {
  readonly name: string;
  private readonly config: OpcuaConfig;
  private readonly table: SensorTable;
  private readonly surroundings: Surroundings;

  constructor(config: OpcuaConfig, table: SensorTable, surroundings: Surroundings) {
    this.name = config.url;
    this.config = config;
    this.table = table;
    this.surroundings = surroundings;
  }

  async run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    const readings = new Readings(this.table, sink);
    // Loaded here: the library takes 80 MB that a gateway without OPC UA should not pay.
    const library = await import('node-opcua-client');
    const { OPCUACertificateManager } = await import('node-opcua-certificate-manager');
    library.setLogLevel(library.LogLevel.Emergency);
    const user = await this.user(library);
    // The library wants a certificate of its own even where there is no security.
    const temporary =
      this.config.security === undefined ? await mkdtemp(join(tmpdir(), 'rumormill-opcua-')) : undefined;
    const certificates = new OPCUACertificateManager({
      rootFolder: temporary ?? this.config.security!.certificates,
      automaticallyAcceptUnknownCertificate: temporary !== undefined,
    });
    const queue = new SampleQueue(readings);
    const delivered = queue.run(signal);
    // Awaited below; until then its error must not be one that nobody handles.
    delivered.catch(() => undefined);
    const backOff = new BackOff(this.surroundings.prng.fork('opcua'));
    let told = '';
    const tell = (sentence: string): void => {
      if (sentence !== told) sink.say(sentence);
      told = sentence;
    };
    try {
      while (!signal.aborted && !queue.isBroken) {
        const client = library.OPCUAClient.create({ ...this.options(library), clientCertificateManager: certificates });
        const session = new Session(client, signal, queue);
        let reason: string;
        let isSubscribed = false;
        try {
          await this.subscribe(library, client, user, session, readings, queue);
          isSubscribed = true;
          backOff.reset();
          tell(`${this.name}: connected`);
          reason = await session.ended;
        } catch (error) {
          reason = oneLine(messageOf(error));
        }
        await session.close();
        if (signal.aborted || queue.isBroken) break;
        if (isSubscribed) sink.count('disconnects');
        tell(`${this.name}: ${isSubscribed ? 'disconnected' : 'cannot connect'} (${reason}); trying again`);
        await backOff.wait(signal);
      }
      await delivered;
    } finally {
      await certificates.dispose();
      if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
    }
  }

  private async subscribe(
    library: Library,
    client: OPCUAClient,
    user: UserIdentityInfo,
    state: Session,
    readings: Readings,
    queue: SampleQueue,
  ): Promise<void> {
    await client.connect(this.config.url);
    const session = await client.createSession(user);
    session.on('session_closed', () => state.end('the session was closed'));
    session.on('keepalive_failure', () => state.end('the server does not answer'));
    const items = await findItems(library, session, this.table, this.config.folder, readings);
    const usable = items.filter(({ slot, unit }) => readings.accepts(slot, unit));
    if (usable.length === 0) throw new Error('no variable of it is a sensor of the federation');
    const { samplingMs, publishMs } = this.config;
    const subscription = await session.createSubscription2({
      requestedPublishingInterval: publishMs,
      requestedMaxKeepAliveCount: Math.max(1, Math.ceil(answerTimeoutMs / publishMs)),
      requestedLifetimeCount: Math.max(3, Math.ceil((3 * sessionTimeoutMs) / publishMs)),
      publishingEnabled: true,
    });
    subscription.on('terminated', () => state.end('the subscription was ended'));
    const group = library.ClientMonitoredItemGroup.create(
      subscription,
      usable.map(({ nodeId }) => ({ nodeId, attributeId: library.AttributeIds.Value })),
      {
        samplingInterval: samplingMs,
        queueSize: Math.min(queueSizeMax, 2 * Math.ceil(publishMs / Math.max(1, samplingMs)) + 1),
        discardOldest: true,
      },
      library.TimestampsToReturn.Both,
    );
    const isFirst = usable.map(() => true);
    group.on('changed', (_, dataValue, index) => {
      this.take(library, usable[index]!, dataValue, isFirst[index]!, readings, queue);
      isFirst[index] = false;
    });
    group.on('err', (message) => readings.sayOnce('items', `${this.name}: ${oneLine(message)}`));
  }

  private take(
    library: Library,
    { slot }: OpcuaItem,
    { statusCode, value, sourceTimestamp, serverTimestamp }: DataValue,
    isFirst: boolean,
    readings: Readings,
    queue: SampleQueue,
  ): void {
    if (statusCode.hasOverflowBit) readings.sink.count('missed');
    const sourceMs = (sourceTimestamp ?? serverTimestamp)?.getTime() ?? this.surroundings.wallClock.nowMs();
    // The first value of a subscription stands at that moment, however long ago it was measured.
    const timeMs = isFirst ? Math.max(sourceMs, serverTimestamp?.getTime() ?? sourceMs) : sourceMs;
    const sample = readings.sample(timeMs);
    if (statusCode.isBad()) {
      readings.badQuality(slot, statusCode.name);
      queue.push({ ...sample, stale: [slot.index] });
      return;
    }
    const number = numberOf(library, value?.dataType, value?.value);
    if (number === undefined) readings.malformed(`${slot.name} is no number on the server`);
    else readings.put(sample, slot, number);
    queue.push(sample);
  }

  private options(library: Library): OPCUAClientOptions {
    const { security } = this.config;
    return {
      applicationName: 'Rumormill',
      connectionStrategy: { maxRetry: 0, initialDelay: 100, maxDelay: 1000 },
      transportTimeout: answerTimeoutMs,
      requestedSessionTimeout: sessionTimeoutMs,
      keepSessionAlive: true,
      endpointMustExist: false,
      securityMode:
        security === undefined ? library.MessageSecurityMode.None : library.MessageSecurityMode[security.mode],
      securityPolicy: security === undefined ? library.SecurityPolicy.None : library.SecurityPolicy[security.policy],
    };
  }

  private async user(library: Library): Promise<UserIdentityInfo> {
    const { RUMORMILL_OPCUA_USERNAME, RUMORMILL_OPCUA_PASSWORD } = this.surroundings.environment;
    const userName = this.config.username ?? RUMORMILL_OPCUA_USERNAME;
    if (userName === undefined) return { type: library.UserTokenType.Anonymous };
    const { passwordFile } = this.config;
    const password =
      passwordFile === undefined ? RUMORMILL_OPCUA_PASSWORD : await secretOf(passwordFile, 'passwordFile');
    return { type: library.UserTokenType.UserName, userName, password: password ?? '' };
  }
}

/** One connection and its end, whichever way it comes. */
class Session {
  readonly ended: Promise<string>;
  end: (reason: string) => void = () => undefined;
  private readonly client: OPCUAClient;
  private readonly signal: AbortSignal;
  private readonly onAbort = (): void => {
    this.end('stopped');
    // Ends a connect() that still waits.
    this.disconnect().catch(() => undefined);
  };

  constructor(client: OPCUAClient, signal: AbortSignal, queue: SampleQueue) {
    this.client = client;
    this.signal = signal;
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
    client.on('connection_lost', () => this.end('the connection was lost'));
    client.on('close', () => this.end('the connection was closed'));
    queue.onBroken = () => this.end('stopped');
    signal.addEventListener('abort', this.onAbort, { once: true });
  }

  async close(): Promise<void> {
    this.signal.removeEventListener('abort', this.onAbort);
    await this.disconnect();
  }

  /** A server that is gone must not keep us: its session ends by itself. */
  private async disconnect(): Promise<void> {
    const done = new AbortController();
    await Promise.race([this.client.disconnect().catch(() => undefined), sleep(disconnectTimeoutMs, done.signal)]);
    done.abort();
  }
}

const disconnectTimeoutMs = 3000;

function numberOf(library: Library, type: number | undefined, value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [high, low] = value as [unknown, unknown];
  if (typeof high !== 'number' || typeof low !== 'number') return undefined;
  // The library gives integers of 64 bits as two halves.
  if (type === library.DataType.Int64) return (high | 0) * 2 ** 32 + low;
  return type === library.DataType.UInt64 ? high * 2 ** 32 + low : undefined;
}

function oneLine(text: string): string {
  const [first = ''] = text.trim().split('\n');
  return first.length > 160 ? `${first.slice(0, 160)}…` : first;
}

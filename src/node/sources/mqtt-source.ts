// Live source: an MQTT 3.1.1 broker. Owns the connection: session, subscriptions, acknowledgements, reconnection; what
// payloads mean is elsewhere.
import type { IClientOptions, IPublishPacket, MqttClient } from 'mqtt';
import { CellError, parseNumber } from '../../data/cells.ts';
import { messageOf } from '../../lib/errors.ts';
import { BackOff } from './back-off.ts';
import { jsonSample } from './json-readings.ts';
import { connectionOptions, stableClientId } from './mqtt-connection.ts';
import { TopicPattern } from './mqtt-topic.ts';
import { Readings } from './readings.ts';
import { credentialsOf } from './secret.ts';
import type { SensorTable } from './sensor-table.ts';
import type { Sample, Source, SourceSink } from './source.ts';
import type { MqttConfig, TopicConfig } from './source-config.ts';
import { SparkplugHost } from './sparkplug-host.ts';
import { encodeRebirth } from './sparkplug-values.ts';
import type { Surroundings } from './surroundings.ts';

/** Largest payload looked at, in bytes. */
const payloadBytesMax = 4 * 1024 * 1024;

interface Subscription {
  pattern: TopicPattern;
  topic: TopicConfig;
}

/**
 * A broker's messages as samples. The session is persistent and QoS 1, and a message is acknowledged after the sink has
 * taken its samples: a slow sink makes the broker keep messages, and one that stops in the middle gets them again.
 */
export class MqttSource implements Source {
  readonly name: string;
  private readonly config: MqttConfig;
  private readonly table: SensorTable;
  private readonly surroundings: Surroundings;
  private readonly subscriptions: readonly Subscription[];

  /** Throws OperatorError where a topic filter is wrong. */
  constructor(config: MqttConfig, table: SensorTable, surroundings: Surroundings) {
    this.name = config.url;
    this.config = config;
    this.table = table;
    this.surroundings = surroundings;
    this.subscriptions = config.topics.map((topic) => ({ pattern: new TopicPattern(topic.topic), topic }));
  }

  async run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    const readings = new Readings(this.table, sink);
    const options = await this.options();
    // Loaded here since a gateway without a broker should not pay for it.
    const { default: mqtt } = await import('mqtt');
    const backOff = new BackOff(this.surroundings.prng.fork('mqtt'));
    let client: MqttClient | undefined;
    const host = new SparkplugHost(readings, this.surroundings.clock, (topic) => {
      client?.publish(topic, Buffer.from(encodeRebirth(this.surroundings.wallClock.nowMs())), { qos: 0 });
    });
    let told = '';
    const tell = (sentence: string): void => {
      if (sentence !== told) sink.say(sentence);
      told = sentence;
    };
    // Samples are handed over one at a time, also while a lost connection's last one still waits.
    let turn: Promise<void> = Promise.resolve();
    let bug: { error: unknown } | undefined;
    while (!signal.aborted) {
      let reason = 'the connection was closed';
      let isConnected = false;
      let isOver = false;
      const session = mqtt.connect(options);
      client = session;
      session.on('error', (error) => {
        reason = messageOf(error);
        session.end(true);
      });
      session.on('close', () => {
        isOver = true;
      });
      session.on('connect', () => {
        isConnected = true;
        backOff.reset();
        session.subscribe(this.filters(), { qos: 1 }, (error, granted) => {
          const refused = granted?.find(({ qos }) => qos === 128);
          if (error === null && refused === undefined) tell(`${this.name}: connected`);
          else if (!session.disconnecting) {
            tell(
              `${this.name}: it refuses ${refused?.topic ?? `the topics (${messageOf(error)})`}; check the access rights`,
            );
          }
        });
      });
      session.handleMessage = (packet, done) => {
        turn = turn
          .then(async () => {
            // What waited while the connection was lost comes again on the next one.
            if (isOver) return;
            await this.deliver(packet as IPublishPacket, readings, host);
            // Without `done` there is no acknowledgement, and a closed connection takes none.
            if (!isOver) done();
          })
          .catch((error: unknown) => {
            bug = { error };
            session.end(true);
          });
      };
      const stop = (): void => {
        isOver = true;
        session.end(true);
      };
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      await new Promise<void>((resolve) => session.once('close', () => resolve()));
      signal.removeEventListener('abort', stop);
      session.end(true);
      if (bug !== undefined) throw bug.error;
      if (signal.aborted) break;
      if (isConnected) sink.count('disconnects');
      tell(`${this.name}: ${isConnected ? 'disconnected' : 'cannot connect'} (${reason}); trying again`);
      await backOff.wait(signal);
    }
  }

  private async deliver(packet: IPublishPacket, readings: Readings, host: SparkplugHost): Promise<void> {
    const { topic } = packet;
    const bytes = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload);
    if (bytes.length > payloadBytesMax) {
      readings.malformed(`${topic} has a payload of ${bytes.length} bytes`);
      return;
    }
    for (const subscription of this.subscriptions) {
      const sensor = subscription.pattern.match(topic);
      if (sensor === undefined) continue;
      for (const sample of this.samples(subscription.topic, sensor, packet, bytes, readings, host)) {
        await readings.deliver(sample);
      }
      return;
    }
  }

  private samples(
    config: TopicConfig,
    sensor: string,
    packet: IPublishPacket,
    bytes: Buffer,
    readings: Readings,
    host: SparkplugHost,
  ): Sample[] {
    const { topic } = packet;
    const arrivedMs = this.surroundings.wallClock.nowMs();
    if (config.payload === 'sparkplug' || (config.payload === undefined && topic.startsWith('spBv1.0/'))) {
      return host.samples(topic, bytes, arrivedMs);
    }
    // Nobody knows how old a retained value is.
    const unstampedMs = packet.retain ? undefined : arrivedMs;
    const text = bytes.toString('utf8');
    const single = config.sensor ?? sensor;
    try {
      const message: unknown = config.payload === 'number' ? parseNumber(text) : JSON.parse(text);
      const sample = jsonSample(message, config, single, unstampedMs, readings);
      return sample === undefined ? [] : [sample];
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof CellError)) throw error;
      readings.malformed(`${topic} has a payload that is no ${config.payload ?? 'json'}`);
      return [];
    }
  }

  private filters(): string[] {
    return [...new Set(this.subscriptions.map(({ pattern }) => pattern.filter))];
  }

  /** The client's options. Throws OperatorError where a file of them cannot be read. */
  private async options(): Promise<IClientOptions> {
    const { config, surroundings } = this;
    const credentials = await credentialsOf(config, surroundings.environment, 'RUMORMILL_MQTT');
    return {
      ...connectionOptions(config.url, credentials),
      ...this.session(),
      resubscribe: false,
    };
  }

  /**
   * A gateway's name is the same after a restart, so that its session goes on, and another one for another set of topics, so
   * that none lingers. Who only looks gets one by chance: with the gateway's it would end the session of the gateway.
   */
  private session(): Pick<IClientOptions, 'clientId' | 'clean'> {
    const { gateway } = this.surroundings;
    if (gateway === undefined) return { clean: true };
    return {
      clientId: this.config.clientId ?? stableClientId([gateway, this.config.url, this.filters()]),
      clean: false,
    };
  }
}

// What a host application knows of Sparkplug edge nodes: names behind aliases, the order of messages, who is dead. Eclipse
// Sparkplug 3.0, chapters 5 and 6. Owns that state, bounded; connects to nothing.
import type { Clock } from '../../lib/clock.ts';
import type { Readings } from './readings.ts';
import type { Sample } from './source.ts';
import { decodeSparkplug, SparkplugError, type SparkplugMetric, type SparkplugPayload } from './sparkplug-values.ts';

/** Edge nodes, devices of one and metrics of one that are known at most: an endless flow of new names must not fill memory. */
const nodesMax = 1024;
const devicesMax = 1024;
const metricsMax = 16_384;

/** A birth is asked for once in so long, as an edge node may take that to answer. Chosen by reasoning. */
const rebirthEveryMs = 10_000;

const goodQuality = 192;

/** Unsigned, 64 bits. */
const bdSeqType = 8;

interface KnownMetric {
  name: string;
  type: number | undefined;
  unit: string | undefined;
}

interface EdgeNode {
  /** Of its birth, to match its death. */
  bdSeq: number | undefined;
  nextSeq: number | undefined;
  /** The latest time of a message. */
  newestMs: number;
  askedAtMs: number;
  /** Across the node and its devices: an alias is unique in an edge node. */
  aliases: Map<bigint, KnownMetric>;
  /** Metrics by device, of those that are alive; '' is the node itself. */
  devices: Map<string, Map<string, KnownMetric>>;
}

/** A message whose topic and payload could be read. */
interface Message {
  topic: Topic;
  payload: SparkplugPayload;
  arrivedMs: number;
}

interface Topic {
  type: string;
  node: string;
  device: string;
}

/** Edge nodes met on one broker. */
export class SparkplugHost {
  private readonly readings: Readings;
  private readonly clock: Clock;
  private readonly askBirth: (topic: string) => void;
  private readonly nodes = new Map<string, EdgeNode>();

  /** @param askBirth publishes the command to be born again on a topic; called seldom */
  constructor(readings: Readings, clock: Clock, askBirth: (topic: string) => void) {
    this.readings = readings;
    this.clock = clock;
    this.askBirth = askBirth;
  }

  /** The samples of one message, one for each of its times. Never throws for what a message holds. */
  samples(topicText: string, bytes: Uint8Array, arrivedMs: number): Sample[] {
    const topic = parseTopic(topicText);
    if (topic === undefined) return [];
    try {
      const message = { topic, payload: decodeSparkplug(bytes), arrivedMs };
      const node = this.nodeOf(topic.node);
      if (node === undefined) {
        this.readings.malformed(`${topicText}: more than ${nodesMax} edge nodes`);
        return [];
      }
      switch (topic.type) {
        case 'NBIRTH':
        case 'DBIRTH':
          return this.birth(node, message);
        case 'NDATA':
        case 'DDATA':
          return this.data(node, message);
        default:
          return this.death(node, message);
      }
    } catch (error) {
      if (!(error instanceof SparkplugError)) throw error;
      this.readings.malformed(`${topicText} has no Sparkplug B payload (${error.message})`);
      return [];
    }
  }

  private birth(node: EdgeNode, message: Message): Sample[] {
    const { topic, payload } = message;
    if (topic.type === 'NBIRTH') {
      node.aliases.clear();
      node.devices.clear();
      node.bdSeq = bdSeqOf(payload.metrics);
      node.nextSeq = undefined;
    }
    this.follow(node, message);
    const known = new Map<string, KnownMetric>();
    if (node.devices.size >= devicesMax && !node.devices.has(topic.device)) {
      this.readings.malformed(`${topic.node} has more than ${devicesMax} devices`);
      return [];
    }
    node.devices.set(topic.device, known);
    for (const { name, alias, type, unit } of payload.metrics) {
      if (name === undefined || known.size >= metricsMax) continue;
      const metric = { name, type, unit };
      known.set(name, metric);
      if (alias !== undefined && (node.aliases.size < metricsMax || node.aliases.has(alias))) {
        node.aliases.set(alias, metric);
      }
    }
    return this.values(node, message);
  }

  private data(node: EdgeNode, message: Message): Sample[] {
    const { topic } = message;
    this.follow(node, message);
    if (!node.devices.has(topic.device)) {
      // Without the birth neither names nor units are sure.
      this.readings.sink.count('missed');
      this.ask(node, topic);
      return [];
    }
    return this.values(node, message);
  }

  private death(node: EdgeNode, message: Message): Sample[] {
    const { topic, payload, arrivedMs } = message;
    if (topic.type === 'NDEATH') {
      const bdSeq = bdSeqOf(payload.metrics);
      // The will of an earlier session may arrive after the birth of the next one.
      if (bdSeq !== undefined && node.bdSeq !== undefined && bdSeq !== node.bdSeq) return [];
      const sample = this.staleOf(node, [...node.devices.keys()], arrivedMs);
      node.nextSeq = undefined;
      node.aliases.clear();
      node.devices.clear();
      return sample;
    }
    this.follow(node, message);
    const sample = this.staleOf(node, [topic.device], payload.timeMs ?? arrivedMs);
    node.devices.delete(topic.device);
    return sample;
  }

  private staleOf(node: EdgeNode, devices: readonly string[], timeMs: number): Sample[] {
    const stale = devices.flatMap((device) =>
      [...(node.devices.get(device)?.keys() ?? [])].flatMap((name) => {
        const slot = this.readings.peek(...namesOf(device, name));
        return slot === undefined ? [] : [slot.index];
      }),
    );
    return stale.length === 0 ? [] : [{ ...this.readings.sample(timeMs), stale }];
  }

  private values(node: EdgeNode, message: Message): Sample[] {
    const { topic, payload, arrivedMs } = message;
    const samples = new Map<number, Sample>();
    const known = node.devices.get(topic.device);
    for (const metric of payload.metrics) {
      const birth = metric.name !== undefined ? known?.get(metric.name) : node.aliases.get(metric.alias ?? -1n);
      const name = metric.name ?? birth?.name;
      if (name === undefined) {
        this.readings.malformed(`${topic.node}: a metric has an alias that no birth message gave`);
        this.ask(node, topic);
        continue;
      }
      if (/^(?:Node|Device) Control\/|^bdSeq$/.test(name)) continue;
      const slot = this.readings.slot(...namesOf(topic.device, name));
      if (slot === undefined || !this.readings.accepts(slot, metric.unit ?? birth?.unit)) continue;
      const timeMs = metric.timeMs ?? payload.timeMs ?? arrivedMs;
      let sample = samples.get(timeMs);
      if (sample === undefined) {
        sample = this.readings.sample(timeMs);
        samples.set(timeMs, sample);
      }
      if (metric.quality !== undefined && metric.quality !== goodQuality) {
        this.readings.badQuality(slot, `quality ${metric.quality}`);
        sample.stale = [...(sample.stale ?? []), slot.index];
        continue;
      }
      const value = metric.value(birth?.type);
      if (value === undefined) this.readings.malformed(`${slot.name} has a Sparkplug type that is no number`);
      else this.readings.put(sample, slot, value);
    }
    return [...samples.values()];
  }

  /** Counts the messages that are missing between the last one of the edge node and this one, and asks for a birth. */
  private follow(node: EdgeNode, { topic, payload: { seq, timeMs }, arrivedMs }: Message): void {
    if (seq === undefined || seq > 255) {
      this.readings.malformed(`${topic.node}: a message has no sequence number from 0 to 255`);
      return;
    }
    const lost = node.nextSeq === undefined ? 0 : (seq - node.nextSeq + 256) % 256;
    // What a broker delivers a second time is behind the last one, in its number and in its time.
    if (lost >= 128 && (timeMs ?? arrivedMs) <= node.newestMs) return;
    node.newestMs = Math.max(node.newestMs, timeMs ?? arrivedMs);
    node.nextSeq = seq + 1;
    if (lost === 0) return;
    this.readings.sink.count('missed', lost);
    this.ask(node, topic);
  }

  private ask(node: EdgeNode, { node: name }: Topic): void {
    const nowMs = this.clock.nowMs();
    if (nowMs - node.askedAtMs < rebirthEveryMs) return;
    node.askedAtMs = nowMs;
    this.readings.sayOnce(`birth ${name}`, `${name} is asked for its birth message, as its data is not complete`);
    const [group, edge] = name.split('/');
    this.askBirth(`spBv1.0/${group}/NCMD/${edge}`);
  }

  private nodeOf(name: string): EdgeNode | undefined {
    let node = this.nodes.get(name);
    if (node === undefined && this.nodes.size < nodesMax) {
      node = {
        bdSeq: undefined,
        nextSeq: undefined,
        newestMs: Number.NEGATIVE_INFINITY,
        askedAtMs: Number.NEGATIVE_INFINITY,
        aliases: new Map(),
        devices: new Map(),
      };
      this.nodes.set(name, node);
    }
    return node;
  }
}

/** A device's metric may be named with the device in front, where several have the same metric. */
function namesOf(device: string, name: string): string[] {
  return device === '' ? [name] : [`${device}/${name}`, name];
}

function bdSeqOf(metrics: readonly SparkplugMetric[]): number | undefined {
  const metric = metrics.find(({ name }) => name === 'bdSeq');
  return metric?.value(metric.type ?? bdSeqType);
}

/** The parts of a topic 'spBv1.0/GROUP/TYPE/NODE[/DEVICE]'; undefined for commands, states and other topics. */
function parseTopic(topic: string): Topic | undefined {
  const [namespace, group, type, edge, device = '', ...more] = topic.split('/');
  if (namespace !== 'spBv1.0' || group === undefined || type === undefined || edge === undefined || more.length > 0) {
    return undefined;
  }
  const isOfNode = ['NBIRTH', 'NDATA', 'NDEATH'].includes(type);
  const isOfDevice = ['DBIRTH', 'DDATA', 'DDEATH'].includes(type);
  if (device === '' ? !isOfNode : !isOfDevice) return undefined;
  return { type, node: `${group}/${edge}`, device };
}

// Runs a scenario: every method on every seed, on the same data, seed and budget. Owns the order of work and what a
// run that is stopped or fails leaves behind.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { stringify } from 'yaml';
import { prepareData } from '../data/prepare.ts';
import { loadDevices } from '../data/source.ts';
import type { Device, PreparedData } from '../data/types.ts';
import { payloadBytesRange } from '../gossip/compression/update-payload.ts';
import { isRobust, updatesNeeded } from '../gossip/mixing.ts';
import { monotonicClock } from '../lib/clock.ts';
import { OperatorError } from '../lib/errors.ts';
import { Prng } from '../lib/prng.ts';
import { EnginePool } from '../model/engine-pool.ts';
import { weightShapes } from '../model/weights.ts';
import { topicMessageBytesMax } from '../node/host.ts';
import type { FaultPlan } from '../sim/fault-plan.ts';
import { graphGap } from '../sim/graph-gap.ts';
import { createTopology, topologyProblem } from '../sim/topology.ts';
import { baselines } from './baselines.ts';
import { evaluateClaims } from './claims.ts';
import { tooFewUpdates } from './cross-checks.ts';
import { curveOf } from './curve.ts';
import { evaluate } from './evaluate.ts';
import { tooManyAcquainted } from './exchange-checks.ts';
import { faultNotes, planAllFaults, tracePath } from './fault-plans.ts';
import { sampledRecord, sampleNote } from './fleet-sample.ts';
import { runGossip } from './gossip-method.ts';
import { agreementOf } from './manifest.ts';
import { originsMax } from './member.ts';
import type { Outcome, Trial } from './outcome.ts';
import type { RunOptions } from './progress.ts';
import { Recorder } from './recorder.ts';
import { type MethodName, type MetricsEvent, methodNames, type Summary } from './results.ts';
import { fixedScale } from './scales.ts';
import type { Scenario } from './schema.ts';
import { simulateGossip } from './sim-method.ts';
import { type MethodResult, type SeedResult, summarise } from './summarise.ts';

/**
 * Runs `scenario` and writes config.yaml, metrics.jsonl and summary.json to `options.folder`, which must be empty or not
 * exist. When `options.signal` fires, it writes what is finished, marked incomplete. Throws OperatorError, leaving no folder,
 * where the data or the settings cannot work.
 */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<Summary> {
  const { environment, scenarioFolder, signal } = options;
  const devices = await loadDevices(scenario.data, { baseFolder: scenarioFolder, environment });
  const preparedFirst = prepareData(devices, scenario, scenario.seeds[0] as number);
  checkWorkable(scenario, preparedFirst);
  const faults = await planAllFaults(scenario, scenarioFolder, preparedFirst.nodes.length);
  const version = await packageVersion();
  const run = new Run(scenario, options, devices, preparedFirst, faults);
  try {
    const engine = await run.openPool(preparedFirst.features.length);
    const recorder = await Recorder.open(options.folder, configYaml(scenario, options, version, engine));
    try {
      recorder.record({
        event: 'started',
        scenario: scenario.name,
        atUtc: new Date().toISOString(),
        nodes: preparedFirst.nodes.map(({ name }) => name),
      });
      const incomplete = await run.allSeeds((event) => recorder.record(event));
      recorder.record({ event: 'ended', atUtc: new Date().toISOString(), incomplete });
      const summary = run.summary(version, engine, incomplete);
      await recorder.finish(summary);
      return summary;
    } catch (error) {
      // After a defect of ours the lines written so far are worth keeping.
      await (error instanceof OperatorError ? recorder.discard() : recorder.close());
      throw error;
    }
  } finally {
    await run.close();
  }

  async function packageVersion(): Promise<string> {
    signal.throwIfAborted();
    const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
    return (JSON.parse(text) as { version: string }).version;
  }
}

/** Refuses, before anything is written, what the data show to be impossible. */
function checkWorkable(scenario: Scenario, prepared: PreparedData): void {
  if (scenario.federation.scaler === 'fixed') fixedScale(scenario, prepared.features);
  if (scenario.federation.scaler === 'federated' && prepared.nodes.length > originsMax) {
    throw new OperatorError(
      `federation.scaler: ${prepared.nodes.length} nodes are more than the ${originsMax} whose moments one federation keeps; take fewer nodes, or the scaler local or fixed`,
    );
  }
  const tooFew = tooFewUpdates(scenario.gossip, prepared.nodes.length);
  if (tooFew !== undefined) throw new OperatorError(tooFew);
  if (scenario.network.transport === 'sim') {
    const tooMany = tooManyAcquainted(scenario.gossip.exchange, prepared.nodes.length);
    if (tooMany !== undefined) throw new OperatorError(tooMany);
  }
  checkTopology(scenario, prepared.nodes.length);
  const { max: payloadBytes } = payloadBytesRange(
    weightShapes({ ...scenario.model, features: prepared.features.length }),
    scenario.gossip,
  );
  if (scenario.gossip.exchange === 'broadcast' && payloadBytes > topicMessageBytesMax) {
    throw new OperatorError(
      `gossip.exchange broadcast: an update of ${payloadBytes} bytes is more than the ${topicMessageBytesMax} that can be forwarded; take a smaller model, the encoding int8, a sparsifier, or the exchange mesh`,
    );
  }
}

/** Rounds of a graph that is drawn anew that are looked at before a run. */
const roundsChecked = 20;

function checkTopology({ network: { topology }, gossip, seeds }: Scenario, nodes: number): void {
  if (topology.kind === 'mesh') return;
  const problem = topologyProblem(topology, nodes);
  if (problem !== undefined) throw new OperatorError(`network.topology: ${problem}`);
  const needed = isRobust(gossip.mixing) ? updatesNeeded(gossip.mixing, gossip.byzantine) : 0;
  const graph = createTopology(topology, nodes, new Prng(seeds[0] as number));
  const rounds = needed === 0 ? 0 : Math.min(graph.periodRounds, roundsChecked);
  for (let i = 0; i < nodes * rounds; i++) {
    const { length } = graph.sources(i % nodes, 1 + Math.floor(i / nodes));
    if (length >= needed) continue;
    throw new OperatorError(
      `network.topology: ${topology.kind} gives some node ${length} neighbours, and gossip.mixing ${gossip.mixing} needs ${needed} updates a round; take a denser topology, or another rule`,
    );
  }
}

/** The resolved scenario as YAML that can be run again. */
function configYaml(scenario: Scenario, options: RunOptions, version: string, engine: string): string {
  const { path } = scenario.data;
  const isRelative = path !== undefined && !isAbsolute(path) && !path.startsWith('$');
  const data = isRelative ? { ...scenario.data, path: resolve(options.scenarioFolder, path) } : scenario.data;
  const { trace } = scenario.faults ?? {};
  const faults =
    trace === undefined ? {} : { faults: { ...scenario.faults, trace: tracePath(trace, options.scenarioFolder) } };
  const made = `# Made by rumormill ${version} on Node.js ${process.version} (${process.platform} ${process.arch}), engine ${engine}.`;
  return `${made}\n# Every default is filled in; run it again with: rumormill run config.yaml\n${stringify({ ...scenario, data, ...faults })}`;
}

/** Whether a simulation ended without its graph's spectral gap. */
function isWithoutGap({ spectralGap }: MethodResult): boolean {
  return spectralGap === null;
}

/** One hash for the simulations of all seeds; null where there was none. */
function traceHashOf(seeds: readonly SeedResult[]): string | null {
  const hashes = seeds.flatMap(({ methods }) => methods.flatMap(({ gossip }) => gossip?.traceHash ?? []));
  return hashes.length === 0 ? null : createHash('sha256').update(hashes.join(' ')).digest('hex');
}

/** The state of one run between its seeds. */
class Run {
  private readonly scenario: Scenario;
  private readonly options: RunOptions;
  private readonly devices: readonly Device[];
  private readonly preparedFirst: PreparedData;
  /** By seed. */
  private readonly faults: ReadonlyMap<number, FaultPlan>;
  private readonly methods: MethodName[];
  private readonly finished: SeedResult[] = [];
  private started: SeedResult | undefined;
  private pool: EnginePool | undefined;
  private poolFeatures = 0;

  constructor(
    scenario: Scenario,
    options: RunOptions,
    devices: readonly Device[],
    preparedFirst: PreparedData,
    faults: ReadonlyMap<number, FaultPlan>,
  ) {
    this.faults = faults;
    this.scenario = scenario;
    this.options = options;
    this.devices = devices;
    this.preparedFirst = preparedFirst;
    this.methods = methodNames.filter((name) => name === 'gossip' || scenario.baselines.includes(name));
  }

  /** Starts training threads for that many features, where they do not run yet, and returns the engine's name. */
  async openPool(features: number): Promise<string> {
    if (this.pool === undefined || this.poolFeatures !== features) {
      await this.pool?.close();
      const { engine, workers } = this.scenario.train;
      this.pool = await EnginePool.create({
        spec: { ...this.scenario.model, features },
        settings: this.scenario.train,
        engine,
        workers: workers ?? availableParallelism(),
      });
      this.poolFeatures = features;
    }
    return this.pool.name;
  }

  async close(): Promise<void> {
    await this.pool?.close();
  }

  /** Runs every seed; true where the signal stopped it. */
  async allSeeds(record: (event: MetricsEvent) => void): Promise<boolean> {
    const { signal } = this.options;
    try {
      for (const [seedIndex, seed] of this.scenario.seeds.entries()) {
        signal.throwIfAborted();
        const prepared = seedIndex === 0 ? this.preparedFirst : prepareData(this.devices, this.scenario, seed);
        await this.openPool(prepared.features.length);
        this.started = { seed, methods: [] };
        for (const method of this.methods)
          this.started.methods.push(await this.method(method, seedIndex, prepared, record));
        this.finished.push(this.started);
        this.started = undefined;
      }
      return false;
    } catch (error) {
      if (signal.aborted) return true;
      throw error;
    }
  }

  private async method(
    method: MethodName,
    seedIndex: number,
    prepared: PreparedData,
    recordAll: (event: MetricsEvent) => void,
  ): Promise<MethodResult> {
    const { scenario, options, pool, methods } = this;
    const seed = scenario.seeds[seedIndex] as number;
    const { rounds } = scenario.train;
    const record = sampledRecord(
      prepared.nodes.map(({ name }) => name),
      recordAll,
    );
    let peakRssBytes = process.memoryUsage.rss();
    const before = methods.indexOf(method);
    const trial: Trial = {
      scenario,
      seed,
      prepared,
      agreement: agreementOf(scenario, prepared.features, seed),
      pool: pool as EnginePool,
      faults: this.faults.get(seed),
      signal: options.signal,
      record,
      onRound: (progress) => {
        peakRssBytes = Math.max(peakRssBytes, process.memoryUsage.rss());
        const done = seedIndex + (before + progress.round / rounds) / methods.length;
        options.onProgress({
          seedIndex,
          seeds: scenario.seeds.length,
          method,
          rounds,
          fractionDone: done / scenario.seeds.length,
          ...progress,
        });
      },
    };
    const beganMs = monotonicClock.nowMs();
    const cpuBefore = process.cpuUsage();
    const outcome = await this.outcomeOf(method, trial);
    const cpu = process.cpuUsage(cpuBefore);
    const wallSeconds = (monotonicClock.nowMs() - beganMs) / 1000;
    const evaluations = await evaluate(outcome.models, prepared, scenario.evaluate.threshold);
    const curve = await curveOf(outcome.checkpoints, prepared.nodes);
    options.signal.throwIfAborted();
    for (const point of curve) record({ event: 'curve', seed, method, ...point });
    for (const { set, device, metrics } of evaluations)
      record({ event: 'evaluation', seed, method, set, device, ...metrics });
    const neighbours = outcome.gossip?.neighbours;
    return {
      method,
      evaluations,
      samplesTrained: outcome.samplesTrained,
      bytesSent: outcome.bytesSent,
      curve,
      wallSeconds,
      cpuSeconds: (cpu.user + cpu.system) / 1e6 + outcome.extraCpuSeconds,
      peakRssBytes: peakRssBytes + outcome.extraPeakRssBytes,
      ...(outcome.gossip && { gossip: outcome.gossip }),
      ...(neighbours && { spectralGap: graphGap(neighbours) ?? null }),
    };
  }

  private outcomeOf(method: MethodName, trial: Trial): Promise<Outcome> {
    if (method !== 'gossip') return baselines[method](trial);
    return this.scenario.network.transport === 'sim' ? simulateGossip(trial) : runGossip(trial);
  }

  summary(version: string, engine: string, incomplete: boolean): Summary {
    const { scenario, preparedFirst, finished, started } = this;
    const notes = [...preparedFirst.notes];
    const { length: nodes } = preparedFirst.nodes;
    const names = preparedFirst.nodes.map(({ name }) => name);
    notes.push(...faultNotes(this.faults, names));
    const onlyStarted = finished.length === 0 && started !== undefined && started.methods.length > 0;
    const ran = onlyStarted ? [started] : finished;
    const sampled = sampleNote(nodes);
    if (sampled !== undefined) notes.push(sampled);
    if (ran.some(({ methods }) => methods.some(isWithoutGap)))
      notes.push('gossip.spectralGap was not computed: the graph is too large for how slowly it averages.');
    if (onlyStarted) notes.push(`Stopped during the first seed; only its finished methods are here.`);
    const summary: Summary = {
      scenario: scenario.name,
      rumormill: version,
      incomplete,
      seeds: finished.map(({ seed }) => seed),
      nodes: preparedFirst.nodes.length,
      rounds: scenario.train.rounds,
      transport: scenario.network.transport,
      engine,
      notes,
      ...summarise(ran, scenario.evaluate.targetAuroc),
      expectations: [],
      traceHash: traceHashOf(finished),
    };
    return { ...summary, expectations: evaluateClaims(scenario.expect, summary) };
  }
}

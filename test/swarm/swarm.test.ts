import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { GossipCore } from '../../src/gossip/core.ts';
import { Inbox } from '../../src/gossip/inbox.ts';
import { mixingNames } from '../../src/gossip/mixing.ts';
import type { Effect, Input } from '../../src/gossip/protocol.ts';
import { InvariantViolated } from '../../src/sim/checkers/checker.ts';
import type { SimulationOptions } from '../../src/sim/simulation.ts';
import { drawRun } from './draw.ts';
import { runDraw } from './run.ts';
import { type SwarmFailure, type SwarmProgress, swarm } from './swarm.ts';
import { failureText, progressText } from './texts.ts';

const never = new AbortController().signal;

async function runsFrom(seed: number, most: number, createCore?: SimulationOptions['createCore']) {
  let progress: SwarmProgress = { runs: 0, repeated: 0, events: 0, simulatedMs: 0 };
  const failure = await swarm({
    seed,
    signal: never,
    goesOn: (now) => {
      progress = { ...now };
      return now.runs < most;
    },
    ...(createCore && { createCore }),
  });
  return { failure, ...progress };
}

/** Mixes what arrives twice a second time. */
class Forgetful extends Inbox {
  override hasSeen(): boolean {
    return false;
  }
}

const mixesTwice: SimulationOptions['createCore'] = (settings, prng) =>
  Object.assign(new GossipCore(settings, prng), { inbox: new Forgetful() });

describe('swarm()', function () {
  this.timeout(60_000);

  it('finds nothing in fifty runs', async () => {
    const { failure, runs, repeated, events } = await runsFrom(1, 50);
    assert.equal(failure, undefined, failure && failureText(failure));
    assert.equal(runs, 50);
    assert.ok(repeated > 0 && events > 10_000, `${repeated} runs twice, ${events} events`);
  });

  it('finds a core that mixes an update twice within a hundred runs, wherever it begins', async () => {
    for (const seed of [1, 1000, 2000]) {
      const { failure } = await runsFrom(seed, 100, mixesTwice);
      assert.ok(failure?.error instanceof InvariantViolated, `from seed ${seed}: ${failure?.error}`);
      assert.equal(failure.error.checker, 'mixed-once');
      // Its seed alone finds it again, at the same moment.
      const again = await runsFrom(failure.draw.seed, 1, mixesTwice);
      assert.equal(String(again.failure?.error), String(failure.error));
    }
  });

  it('finds a core that does not wake at the end of a round', async () => {
    class Deaf extends GossipCore {
      override handle(input: Input, nowMs: number): Effect[] {
        return input.kind === 'timerFired' && input.timer === 'round' ? [] : super.handle(input, nowMs);
      }
    }
    const { failure } = await runsFrom(1, 100, (settings, prng) => new Deaf(settings, prng));
    assert.match(String(failure?.error), /liveness|have not finished/);
  });

  it('finds a core that rejects what honest peers send', async () => {
    class Suspicious extends GossipCore {
      override handle(input: Input, nowMs: number): Effect[] {
        if (input.kind !== 'updateReceived') return super.handle(input, nowMs);
        return [{ kind: 'penalise', peer: input.from, code: 'malformed' }, ...super.handle(input, nowMs)];
      }
    }
    const { failure } = await runsFrom(1, 100, (settings, prng) => new Suspicious(settings, prng));
    assert.match(String(failure?.error), /honest-peers: .* has rejected an honest message as malformed/);
  });

  it('finds a core that is not the same twice', async () => {
    let cores = 0;
    class Fickle extends GossipCore {
      private readonly number = ++cores;
      override handle(input: Input, nowMs: number): Effect[] {
        const effects = super.handle(input, nowMs);
        return effects.map((effect) =>
          effect.kind === 'setTimer' ? { ...effect, delayMs: effect.delayMs * (1 - 1e-9 * this.number) } : effect,
        );
      }
    }
    const { failure } = await runsFrom(1, 200, (settings, prng) => new Fickle(settings, prng));
    assert.match(String(failure?.error), /two runs of one draw differ/);
  });

  it('ends without a failure when aborted', async () => {
    const controller = new AbortController();
    let runs = 0;
    const failure = await swarm({
      seed: 1,
      signal: controller.signal,
      goesOn: () => {
        if (++runs === 3) controller.abort();
        return true;
      },
    });
    assert.equal(failure, undefined);
    assert.equal(runs, 3);
  });
});

describe('drawRun()', () => {
  const draws = Array.from({ length: 1000 }, (_, seed) => drawRun(seed));

  it('gives the same run for the same seed', () => {
    for (const draw of draws.slice(0, 20)) assert.deepEqual(drawRun(draw.seed), draw);
  });

  it('draws every feature in some runs and leaves it out in others', () => {
    const features: Record<string, (draw: (typeof draws)[number]) => boolean> = {
      loss: ({ scenario }) => scenario.network.loss > 0,
      duplication: ({ scenario }) => scenario.network.duplication > 0,
      'a spread of speeds': ({ scenario }) => scenario.network.speedSpread > 0,
      corruption: ({ wire }) => (wire?.corruption ?? 0) > 0,
      strays: ({ wire }) => (wire?.strays ?? 0) > 0,
      faults: ({ scenario }) => scenario.faults !== undefined,
      churn: ({ scenario }) => scenario.faults?.churn !== undefined,
      crashes: ({ scenario }) => scenario.faults?.timeline.some(({ action }) => action === 'crash') ?? false,
      partitions: ({ scenario }) => scenario.faults?.timeline.some(({ action }) => action === 'partition') ?? false,
      'late joins': ({ scenario }) => scenario.faults?.timeline.some(({ action }) => action === 'join') ?? false,
      'a shared scaler': ({ scenario }) => scenario.federation.scaler === 'federated',
      'synchronous rounds': ({ scenario }) => scenario.gossip.rounds === 'synchronous',
      int8: ({ scenario }) => scenario.gossip.encoding === 'int8',
      float16: ({ scenario }) => scenario.gossip.encoding === 'float16',
      'top-k': ({ scenario }) => scenario.gossip.sparsifier === 'top-k',
      'random-k': ({ scenario }) => scenario.gossip.sparsifier === 'random-k',
      'push-sum': ({ scenario }) => scenario.gossip.mixing === 'push-sum',
      choco: ({ scenario }) => scenario.gossip.mixing === 'choco',
      'loss-weighted': ({ scenario }) => scenario.gossip.mixing === 'loss-weighted',
      'a graph that changes': ({ scenario: { network } }) => {
        const { topology } = network;
        return topology.kind === 'base' || ('redrawn' in topology && topology.redrawn);
      },
      'restarts in synchronous rounds': ({ scenario: { gossip, faults } }) => {
        const restarts = faults?.churn !== undefined || faults?.timeline.some(({ action }) => action === 'restart');
        return gossip.rounds === 'synchronous' && restarts === true;
      },
      'learners that diverge': ({ learner }) => learner === 'failing' || learner === 'escaping',
      'more than 20 nodes': ({ nodes }) => nodes > 20,
    };
    for (const [name, has] of Object.entries(features)) {
      const share = draws.filter(has).length / draws.length;
      assert.ok(share > 0.03 && share < 0.8, `${name} in ${share} of the runs`);
    }
    const rules = new Set(draws.map(({ scenario }) => scenario.gossip.mixing));
    const topologies = new Set(draws.map(({ scenario }) => scenario.network.topology.kind));
    assert.deepEqual([...rules].sort(), [...mixingNames].sort());
    // All kinds of topology, and the mesh.
    assert.equal(topologies.size, 12, [...topologies].join());
  });
});

describe('runDraw()', () => {
  it('gives the same trace hash and figures twice', async () => {
    for (const seed of [3, 4, 5])
      assert.deepEqual(await runDraw(drawRun(seed), never), await runDraw(drawRun(seed), never));
  });
});

describe('the words of the swarm', () => {
  it('say how to repeat a failure, and with what settings', () => {
    const draw = drawRun(17);
    const failure: SwarmFailure = { draw, error: new InvariantViolated('mixed-once', 'n3', 12.5, 'did it') };
    const text = failureText(failure);
    assert.match(text, /^\nSeed 17 failed:\nInvariantViolated: mixed-once: at 12\.5 ms n3 did it\n/);
    assert.match(text, new RegExp(`\\nnodes: ${draw.nodes}\\n`));
    assert.match(text, new RegExp(`\\n  mixing: ${draw.scenario.gossip.mixing.replace('+', '\\+')}\\n`));
    assert.match(text, /\nnpm run swarm -- --seed 17\n$/);
  });

  it('say how far it is', () => {
    const text = progressText({ runs: 1200, repeated: 60, events: 1e6, simulatedMs: 90_000 }, 60_000);
    assert.equal(
      text,
      '1:00 gone, 1,200 runs (60 of them twice), 1,000,000 events, 1:30 of virtual time, 20.0 runs a second',
    );
  });
});

describe('npm run swarm', function () {
  this.timeout(60_000);

  async function run(args: readonly string[], whenStarted?: (child: ChildProcess) => void) {
    const main = fileURLToPath(new URL('main.ts', import.meta.url));
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      whenStarted?.(child);
    });
    const [code] = await once(child, 'close');
    return { code, stdout, stderr };
  }

  it('runs one seed and says what it did', async () => {
    const { code, stdout, stderr } = await run(['--seed', '7']);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^0:0\d gone, 1 runs .*\nNo failure\.\n$/);
    assert.equal(stderr, '');
  });

  it('stops at SIGINT and says so', async () => {
    const { code, stdout } = await run(['--minutes', '10', '--seed', '1'], (child) => child.kill('SIGINT'));
    assert.equal(code, 130);
    assert.match(stdout, /\nStopped; no failure so far\.\n$/);
  });

  it('refuses wrong arguments in one sentence', async () => {
    const wrong: [string[], RegExp][] = [
      [[], /^error: nothing says how long: give --minutes, or the one --seed to run\n$/],
      [['--minutes', '0'], /^error: --minutes 0: is no time; give a number above 0\n$/],
      [['--seed', '1.5'], /^error: --seed 1\.5: is no seed; give a whole number from 0 to 4294967295\n$/],
      [['--fast'], /^error: unknown option '--fast'; see --help\n$/],
    ];
    for (const [args, expected] of wrong) {
      const { code, stdout, stderr } = await run(args);
      assert.equal(code, 2);
      assert.match(stderr, expected);
      assert.equal(stdout, '');
    }
  });
});

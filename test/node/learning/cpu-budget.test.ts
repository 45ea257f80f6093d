import assert from 'node:assert/strict';
import fc from 'fast-check';
import { monotonicClock } from '../../../src/lib/clock.ts';
import { Prng } from '../../../src/lib/prng.ts';
import { CpuBudget, processCpuSeconds } from '../../../src/node/learning/cpu-budget.ts';

/** A machine whose time passes with its work and its waiting. */
class Machine {
  ms = 0;
  cpu = 0;
  /** Every stretch of work. */
  readonly work: { fromMs: number; toMs: number }[] = [];
  readonly clock = { nowMs: () => this.ms };
  readonly cpuSeconds = () => this.cpu;
  readonly wait = async (ms: number) => {
    this.ms += ms;
  };

  busy(seconds: number): void {
    this.work.push({ fromMs: this.ms, toMs: this.ms + 1000 * seconds });
    this.ms += 1000 * seconds;
    this.cpu += seconds;
  }

  /** Seconds of work within a stretch of time. */
  used(fromMs: number, toMs: number): number {
    const overlap = ({ fromMs: a, toMs: b }: { fromMs: number; toMs: number }) =>
      Math.max(0, Math.min(b, toMs) - Math.max(a, fromMs));
    return this.work.reduce((sum, stretch) => sum + overlap(stretch), 0) / 1000;
  }
}

const never = new AbortController().signal;

describe('CpuBudget', () => {
  it('keeps the share over any ten seconds or more, whatever slices and pauses come', async () => {
    const plan = fc.record({
      share: fc.double({ min: 0.005, max: 1, noNaN: true }),
      seed: fc.nat(),
      pausesMs: fc.array(fc.nat(30_000), { maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(plan, async ({ share, seed, pausesMs }) => {
        const machine = new Machine();
        const budget = new CpuBudget({ share, ...machine });
        const prng = new Prng(seed);
        for (const pauseMs of [0, ...pausesMs]) {
          machine.ms += pauseMs;
          const untilMs = machine.ms + 20_000;
          while (machine.ms < untilMs) {
            await budget.turn(never);
            machine.busy(budget.sliceSeconds * (0.1 + 0.9 * prng.nextFloat()));
          }
        }
        for (const { fromMs, toMs } of machine.work) {
          // The worst stretches begin with a slice or end with one.
          for (const lengthMs of [10_000, 15_000]) {
            for (const start of [fromMs, toMs - lengthMs]) {
              const used = machine.used(start, start + lengthMs);
              assert(used <= (share * lengthMs) / 1000 + 1e-6, `${used} s of ${lengthMs} ms at a share of ${share}`);
            }
          }
        }
      }),
      { numRuns: 20 },
    );
  });

  it('uses nine tenths of the share at least where there is always something to train', async () => {
    for (const share of [0.02, 0.25, 0.9]) {
      const machine = new Machine();
      const budget = new CpuBudget({ share, ...machine });
      while (machine.ms < 60_000) {
        await budget.turn(never);
        machine.busy(budget.sliceSeconds);
      }
      assert(machine.cpu / (machine.ms / 1000) > 0.89 * share, `${machine.cpu} s of 60 at ${share}`);
    }
  });

  it('lets training wait for what the rest of the process takes, and not for longer than ten seconds', async () => {
    const machine = new Machine();
    const budget = new CpuBudget({ share: 0.2, ...machine });
    machine.busy(1);
    const fromMs = machine.ms;
    await budget.turn(never);
    const waitedMs = machine.ms - fromMs;
    // 1 s at 0.2 takes 5 s, of which one has passed.
    assert(waitedMs > 4000 && waitedMs < 4600, `${waitedMs} ms`);
    machine.busy(100);
    const laterMs = machine.ms;
    await budget.turn(never);
    assert(Math.abs(machine.ms - laterMs - 10_000) < 2, `${machine.ms - laterMs} ms`);
  });

  it('never waits without a share', async () => {
    const machine = new Machine();
    const budget = new CpuBudget({ share: undefined, ...machine, wait: () => assert.fail('waited') });
    assert.equal(budget.sliceSeconds, 0.05);
    for (let i = 0; i < 100; i++) {
      await budget.turn(never);
      machine.busy(0.05);
    }
  });

  it('rejects with the reason of the signal, at once and while it waits', async () => {
    const machine = new Machine();
    const budget = new CpuBudget({ share: 0.01, cpuSeconds: machine.cpuSeconds, clock: machine.clock });
    machine.cpu += 10;
    const stop = new AbortController();
    const turn = budget.turn(stop.signal);
    stop.abort(new Error('the gateway was stopped'));
    await assert.rejects(turn, /the gateway was stopped/);
    await assert.rejects(budget.turn(stop.signal), /the gateway was stopped/);
    const unlimited = new CpuBudget({ share: undefined, cpuSeconds: machine.cpuSeconds, clock: machine.clock });
    await assert.rejects(unlimited.turn(stop.signal), /the gateway was stopped/);
  });

  it('keeps this very process within its share', async function () {
    this.timeout(20_000);
    const budget = new CpuBudget({ share: 0.3, cpuSeconds: processCpuSeconds, clock: monotonicClock });
    const [cpu, ms] = [processCpuSeconds(), monotonicClock.nowMs()];
    while (monotonicClock.nowMs() < ms + 3000) {
      await budget.turn(never);
      const from = processCpuSeconds();
      while (processCpuSeconds() < from + 0.03);
    }
    const share = (processCpuSeconds() - cpu) / ((monotonicClock.nowMs() - ms) / 1000);
    // Three seconds, of which one slice may be too much.
    assert(share < 0.3 + 0.05 / 3, `${share}`);
    assert(share > 0.1, `${share}`);
  });
});

// The program of a node's own process: carries out what the parent says, and ends with it.
import { messageOf, OperatorError } from '../lib/errors.ts';
import { EnginePool } from '../model/engine-pool.ts';
import { type Member, type MemberConfig, startMember } from './member.ts';
import { mixingTools } from './node-parts.ts';
import type { ChildMessage, ParentMessage } from './process-messages.ts';

function say(message: ChildMessage): void {
  if (process.connected) process.send?.(message);
}

function fail(error: unknown): void {
  say({ kind: 'failed', message: messageOf(error), isOperatorError: error instanceof OperatorError });
}

async function start(config: MemberConfig): Promise<{ member: Member; pool: EnginePool }> {
  const { spec, settings, train } = config;
  const pool = await EnginePool.create({ spec, settings, engine: train.engine, workers: 1 });
  const tools = await mixingTools(pool, config, config);
  const member = await startMember(config, pool, tools, (_name, event) => say({ kind: 'event', event }));
  member.finished.then(() => say({ kind: 'finished' }), fail);
  say({ kind: 'started', peerId: member.peerId, addresses: member.addresses });
  return { member, pool };
}

let running: Promise<{ member: Member; pool: EnginePool }> | undefined;

async function carryOut(message: ParentMessage): Promise<void> {
  if (message.kind === 'start') running = start(message.config);
  const started = await running;
  switch (message.kind) {
    case 'start':
      return;
    case 'connect':
      await started?.member.connect(message.addresses);
      return say({ kind: 'done' });
    case 'begin':
      await started?.member.begin();
      return say({ kind: 'done' });
    case 'stop': {
      const report = await started?.member.stop();
      await started?.pool.close();
      const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
      say({
        kind: 'report',
        report: report && { ...report, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakRssBytes: maxRSS * 1024 },
      });
      process.disconnect();
    }
  }
}

process.on('message', (message: ParentMessage) => {
  carryOut(message).catch(fail);
});
// A terminal sends SIGINT to the whole group; the parent decides how the run ends.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit());

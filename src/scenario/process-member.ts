// A node in an operating-system process of its own, seen from the run. Owns the child and the conversation with it.
import { type ChildProcess, fork } from 'node:child_process';
import { OperatorError } from '../lib/errors.ts';
import type { Member, MemberConfig, MemberEventHandler, MemberReport } from './member.ts';
import type { ChildMessage, ParentMessage } from './process-messages.ts';

/** Starts a process for one node; it ends when this process does. */
export async function startProcessMember(config: MemberConfig, onEvent: MemberEventHandler): Promise<Member> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const child = fork(new URL(`./process-entry.${extension}`, import.meta.url), {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const conversation = new Conversation(child, config.data.name, onEvent);
  const started = await conversation.ask({ kind: 'start', config });
  if (started.kind !== 'started') throw new Error(`process of ${config.data.name} answered ${started.kind} to start`);
  return {
    name: config.data.name,
    peerId: started.peerId,
    addresses: started.addresses,
    connect: async (addresses) => {
      await conversation.ask({ kind: 'connect', addresses });
    },
    begin: async () => {
      await conversation.ask({ kind: 'begin' });
    },
    finished: conversation.finished,
    stop: () => conversation.stop(),
  };
}

/** One question at a time, each answered by one message; events come in between. */
class Conversation {
  readonly finished: Promise<void>;
  private readonly child: ChildProcess;
  private readonly exited: Promise<void>;
  private readonly settle: { resolve(): void; reject(error: unknown): void };
  private answer: { resolve(message: ChildMessage): void; reject(error: unknown): void } | undefined;
  private failure: unknown;

  constructor(child: ChildProcess, name: string, onEvent: MemberEventHandler) {
    this.child = child;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.finished = promise;
    this.settle = { resolve, reject };
    // A failure is also seen by whoever asks next; nobody may be waiting for the end yet.
    promise.catch(() => undefined);
    this.exited = new Promise((done) => {
      child.once('exit', (code, signal) => {
        this.fail(new Error(`the process of ${name} ended with ${signal ?? `code ${code}`}`));
        done();
      });
    });
    child.on('message', (message: ChildMessage) => {
      if (message.kind === 'event') onEvent(name, message.event);
      else if (message.kind === 'finished') resolve();
      else if (message.kind === 'failed') {
        this.fail(message.isOperatorError ? new OperatorError(message.message) : new Error(message.message));
      } else this.answer?.resolve(message);
    });
  }

  async ask(question: ParentMessage): Promise<ChildMessage> {
    if (this.failure !== undefined) throw this.failure;
    const { promise, resolve, reject } = Promise.withResolvers<ChildMessage>();
    this.answer = { resolve, reject };
    this.child.send(question);
    return promise;
  }

  async stop(): Promise<MemberReport | undefined> {
    if (this.failure !== undefined || !this.child.connected) {
      this.child.kill('SIGKILL');
      await this.exited;
      return undefined;
    }
    const answer = await this.ask({ kind: 'stop' });
    await this.exited;
    return answer.kind === 'report' ? answer.report : undefined;
  }

  private fail(error: unknown): void {
    this.failure ??= error;
    this.settle.reject(error);
    this.answer?.reject(error);
  }
}

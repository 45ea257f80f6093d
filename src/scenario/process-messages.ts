// What the run and a node in a process of its own say to each other. Types only.
import type { CoreEvent } from '../gossip/protocol.ts';
import type { MemberConfig, MemberReport } from './member.ts';

export type ParentMessage =
  | { kind: 'start'; config: MemberConfig }
  | { kind: 'connect'; addresses: readonly string[] }
  | { kind: 'begin' }
  | { kind: 'stop' };

/** `done` answers connect and begin. */
export type ChildMessage =
  | { kind: 'started'; peerId: string; addresses: string[] }
  | { kind: 'done' }
  | { kind: 'event'; event: CoreEvent }
  | { kind: 'finished' }
  | { kind: 'failed'; message: string; isOperatorError: boolean }
  | { kind: 'report'; report: MemberReport | undefined };

// What goes into the core and what comes out of it. Types only.
import type { MomentsMessage, NotHeldMessage, PullMessage, UpdateMessage } from './codec.ts';
import type { Compression } from './compression/sparse-payload.ts';
import type { PayloadReader } from './compression/update-payload.ts';
import type { MixingName, MixingParameters, VectorMath } from './mixing.ts';
import type { Moments, MomentsEntry } from './moments.ts';
import type { MatrixShape } from './payload.ts';
import type { PeerErrorCode } from './peer-error.ts';
import type { ScalerSettings } from './shared-scaler.ts';

/** How a node takes part; the mixing rule's own parameters and the compression of updates among it. */
export interface CoreSettings extends MixingParameters, Compression {
  /** This node's peer id as text. */
  self: string;
  /** The weights' matrices, in order. */
  shapes: readonly MatrixShape[];
  exchange: 'mesh' | 'random' | 'broadcast' | 'pull';
  mixing: MixingName;
  /** What mixing computes with; plain TypeScript unless given. */
  vectors?: VectorMath;
  /** How payloads are read; with check of the digest and decoding unless given, as where one payload goes to many simulated nodes. */
  readPayload?: PayloadReader;
  rounds: 'barrier-free' | 'synchronous';
  /** Peers that an update is pushed to with exchange 'random'. */
  fanout: number;
  /** Optimiser steps of one round. */
  stepsPerRound: number;
  /** Rounds of its own after which the node has finished; Infinity on a gateway. */
  roundsMax: number;
  /** Barrier-free rounds: an update older than this is not mixed. Synchronous rounds mix those of the same round only. */
  stalenessMaxRounds: number;
  /** An update further ahead than this is refused; a tenth of it is the furthest that peers' claims move the round. */
  aheadMaxRounds: number;
  /** Barrier-free rounds: shortest time from one round's start to the next one's, at least 0. What arrives meanwhile is mixed. */
  roundIntervalMs: number;
  /** Synchronous rounds: longest wait for the neighbours. */
  roundTimeoutMs: number;
  /** Payloads above this many bytes are announced by their header and pulled. */
  inlinePayloadBytesMax: number;
  /** How the federation agrees on a scaler; undefined where each node scales for itself. */
  scaler: ScalerSettings | undefined;
  /** Start training at once when this many nodes' moments are known; 0 where the size is not known. */
  originsExpected: number;
  /** Start training after this long without a new origin, whatever is known. */
  settleMs: number;
  /** How long news of moments is gathered before it is passed on. */
  spreadMs: number;
}

/** A node's timers; one of each runs at a time. */
export type TimerName = 'spread' | 'settle' | 'round';

/** How far a node has come: with its weights, all that it needs to go on after a restart. */
export interface Progress {
  /** Rounds of its own that it has mixed, from 0. */
  round: number;
  /** The round of its latest update, by the federation's logical clock. */
  clockRound: number;
  /** Optimiser steps of all its rounds. */
  steps: number;
  /** The moments of the scaler that its weights are expressed in; empty where none is shared. */
  origins: readonly MomentsEntry[];
}

/** What happened to a node. */
export type Input =
  /**
   * `samples` is the number of training rows; `moments` are of the raw training rows, given where a scaler is shared. A node
   * that was there before says so with `isRestart`; of its last checkpoint, where it has one, the weights are given and the rest as `resume`.
   */
  | {
      kind: 'started';
      weights: Float32Array;
      samples: number;
      moments?: Moments;
      isRestart?: boolean;
      resume?: Progress;
    }
  /** The training rows are others now; what was true of `samples` and `moments` at the start is so from here on. */
  | { kind: 'dataChanged'; samples: number; moments?: Moments }
  | { kind: 'trained'; round: number; weights: Float32Array; loss: number }
  /** The steps of a round overflowed. */
  | { kind: 'trainingFailed' }
  /** `pulled` marks an answer to this node's own pull, moments before the model. */
  | { kind: 'updateReceived'; from: string; update: UpdateMessage; pulled: boolean }
  | { kind: 'momentsReceived'; from: string; moments: MomentsMessage; pulled: boolean }
  /** The answer 'not held', or the end of a pull. */
  | { kind: 'notHeldReceived'; from: string }
  | { kind: 'peerUp'; peer: string }
  | { kind: 'peerDown'; peer: string }
  | { kind: 'timerFired'; timer: TimerName }
  | { kind: 'stopped' };

/** What a driver is to do. */
export type Effect =
  /** `round` counts this node's own rounds from 1; its update will carry `clockRound`. */
  | { kind: 'train'; round: number; clockRound: number; weights: Float32Array }
  /** To the federation's topic. */
  | { kind: 'publish'; message: UpdateMessage | MomentsMessage }
  /** To one peer over a stream. */
  | { kind: 'send'; peer: string; message: UpdateMessage }
  /** To one peer. Each answer comes back as an input; at the latest where no update is among them, so does its end. */
  | { kind: 'pull'; peer: string; message: PullMessage }
  /** Replaces the timer of that name, where it runs. */
  | { kind: 'setTimer'; timer: TimerName; delayMs: number }
  /** From the next training on, scale raw rows by these moments. */
  | { kind: 'rescale'; moments: Moments }
  /** After each round; the latest one is enough to restart from. */
  | ({ kind: 'checkpoint'; weights: Float32Array } & Progress)
  | { kind: 'emit'; event: CoreEvent }
  | { kind: 'penalise'; peer: string; code: PeerErrorCode };

/** What a node tells of itself; times by its own clock. */
export type CoreEvent =
  | { type: 'joined'; atMs: number; origins: number; caughtUpFrom: string | undefined }
  | {
      type: 'round';
      atMs: number;
      /** This node's own rounds, from 1. */
      round: number;
      loss: number;
      /** The model after mixing. */
      weights: Float32Array;
      /** Updates at hand when the round was mixed. */
      available: number;
      /** The updates that were mixed, each by its sender and the sender's round. */
      mixed: { peer: string; round: number; stalenessRounds: number }[];
    }
  /** A robust rule kept my model: it needs more updates than were at hand to withstand the liars it is set for. */
  | { type: 'tooFew'; atMs: number; round: number; mixable: number; needed: number }
  /** Training failed from my own weights too: the settings are wrong, and the node cannot go on. */
  | { type: 'diverged'; atMs: number }
  | { type: 'finished'; atMs: number };

/** How much a core keeps in memory; every count is bounded by the settings and the neighbours. */
export interface Held {
  /** Neighbours that are up. */
  peers: number;
  /** Peers remembered by the latest round that they sent. */
  senders: number;
  /** Updates that wait to be mixed. */
  waiting: number;
  /** Updates of its own that may still be pulled. */
  offered: number;
  /** Origins whose moments are known. */
  origins: number;
  /** Neighbours that synchronous rounds wait for no longer. */
  silent: number;
}

/** The answer to a Pull, in the order to send. */
export type PullAnswer = UpdateMessage | MomentsMessage | NotHeldMessage;

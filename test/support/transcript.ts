// One line for every input ('<') and effect ('>') of a core, short enough to read in a golden file.
import type { Message, UpdateMessage } from '../../src/gossip/codec.ts';
import type { Moments, MomentsEntry } from '../../src/gossip/moments.ts';
import { decodePayload, type MatrixShape } from '../../src/gossip/payload.ts';
import type { CoreEvent, Effect, Input } from '../../src/gossip/protocol.ts';

type Shapes = readonly MatrixShape[];

export class Transcript {
  readonly lines: string[] = [];

  /** A heading or a remark. */
  say(text: string): void {
    this.lines.push(this.lines.length === 0 ? text : `\n${text}`);
  }

  input(atMs: number, node: string, input: Input, shapes: Shapes): void {
    this.add(atMs, `${node} < ${inputText(input, shapes)}`);
  }

  effect(atMs: number, node: string, effect: Effect, shapes: Shapes): void {
    this.add(atMs, `${node}   > ${effectText(effect, shapes)}`);
  }

  /** A message that the codec refused. */
  refused(atMs: number, node: string, from: string, code: string): void {
    this.add(atMs, `${node} < ${from}: undecodable, ${code}`);
  }

  note(atMs: number, node: string, text: string): void {
    this.add(atMs, `${node}   . ${text}`);
  }

  private add(atMs: number, text: string): void {
    this.lines.push(`${String(atMs).padStart(5)} ${text}`);
  }
}

function inputText(input: Input, shapes: Shapes): string {
  switch (input.kind) {
    case 'started': {
      const moments = input.moments ? ` ${momentsText(input.moments)}` : '';
      return `started ${weightsText(input.weights)} samples ${input.samples}${moments}`;
    }
    case 'dataChanged':
      return `data changed: samples ${input.samples}${input.moments ? ` ${momentsText(input.moments)}` : ''}`;
    case 'trained':
      return `trained ${input.round} ${weightsText(input.weights)}`;
    case 'trainingFailed':
      return 'training failed';
    case 'updateReceived':
      return `${input.from}: ${messageText(input.update, shapes)}${input.pulled ? ', pulled' : ''}`;
    case 'momentsReceived':
      return `${input.from}: ${messageText(input.moments, shapes)}${input.pulled ? ', pulled' : ''}`;
    case 'notHeldReceived':
      return `${input.from}: not held`;
    case 'peerUp':
      return `up ${input.peer}`;
    case 'peerDown':
      return `down ${input.peer}`;
    case 'timerFired':
      return `timer ${input.timer}`;
    case 'stopped':
      return 'stopped';
  }
}

function effectText(effect: Effect, shapes: Shapes): string {
  switch (effect.kind) {
    case 'train':
      return `train ${effect.round} ${weightsText(effect.weights)}`;
    case 'publish':
      return `publish ${messageText(effect.message, shapes)}`;
    case 'send':
      return `send ${effect.peer} ${messageText(effect.message, shapes)}`;
    case 'pull':
      return `pull ${effect.peer} ${messageText(effect.message, shapes)}`;
    case 'setTimer':
      return `timer ${effect.timer} in ${effect.delayMs}`;
    case 'rescale':
      return `rescale ${momentsText(effect.moments)}`;
    case 'checkpoint':
      return `checkpoint ${effect.round} ${weightsText(effect.weights)}`;
    case 'emit':
      return eventText(effect.event);
    case 'penalise':
      return `penalise ${effect.peer} ${effect.code}`;
  }
}

function eventText(event: CoreEvent): string {
  switch (event.type) {
    case 'joined':
      return `joined with ${event.origins} origins${event.caughtUpFrom ? `, model of ${event.caughtUpFrom}` : ''}`;
    case 'round': {
      const mixed = event.mixed.map(({ peer, stalenessRounds: age }) => (age ? `${peer} (${age} old)` : peer));
      return `round ${event.round} done, mixed ${mixed.join(' ') || 'nothing'} of ${event.available}`;
    }
    case 'tooFew':
      return `too few to mix: ${event.mixable} of ${event.needed}`;
    case 'diverged':
      return 'diverged';
    case 'finished':
      return 'finished';
  }
}

function messageText(message: Message, shapes: Shapes): string {
  switch (message.kind) {
    case 'update':
      return updateText(message, shapes);
    case 'moments':
      return `moments of ${originsText(message.origins)}`;
    case 'pull':
      return `${message.digest.length ? hex(message.digest) : 'model'}${message.moments ? ' and moments' : ''}`;
    case 'notHeld':
      return `not held ${hex(message.digest)}`;
  }
}

function updateText({ round, degree, digest, scaler, encoding, payload }: UpdateMessage, shapes: Shapes): string {
  const scaledBy = scaler.length ? ` scaler ${hex(scaler)}` : '';
  return `${payload ? 'update' : 'header'} ${hex(digest)} round ${round} degree ${degree}${scaledBy}${payload ? ` ${payloadText()}` : ''}`;

  function payloadText(): string {
    try {
      return weightsText(decodePayload(payload as Uint8Array, shapes, encoding));
    } catch {
      return '[?]';
    }
  }
}

function originsText(origins: readonly MomentsEntry[]): string {
  return origins.map(({ peer, version }) => (version === 1 ? peer : `${peer}.${version}`)).join(' ');
}

/** Rows and mean of the first feature. */
export function momentsText({ count, mean }: Moments): string {
  return `n=${count[0]} mean=${short(mean[0] as number)}`;
}

function weightsText(weights: Float32Array): string {
  return `[${[...weights].map(short).join(' ')}]`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex').slice(0, 6);
}

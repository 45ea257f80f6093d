// What a message of a peer means to the core, on a real network and on a simulated one. Owns which message may come which
// way; reads no bytes.
import type { Message, PullMessage } from './codec.ts';
import { PeerError } from './peer-error.ts';
import type { Input } from './protocol.ts';

/** How a message came: on the federation's topic, pushed on a stream, or as the answer to a pull of this node. */
export type Way = 'topic' | 'stream' | 'answer';

/**
 * The core's input for a message of peer `from`; `request` is the pull that an answer answers. Throws PeerError
 * 'wrong-topic' for a message that does not belong where it came, 'not-held' where a wanted model was not there.
 */
export function receivedInput(from: string, message: Message, via: Way, request?: PullMessage): Input {
  const pulled = request !== undefined;
  switch (message.kind) {
    case 'update':
      return { kind: 'updateReceived', from, update: message, pulled };
    case 'moments':
      return { kind: 'momentsReceived', from, moments: message, pulled };
    case 'notHeld':
      if (request === undefined) throw new PeerError('wrong-topic', `notHeld on the ${via}`);
      // Whoever asks for moments too expects them, and the model only where there is one.
      if (request.digest.length > 0 && !request.moments) throw new PeerError('not-held');
      return { kind: 'notHeldReceived', from };
    case 'pull':
      throw new PeerError('wrong-topic', `pull on the ${via}`);
  }
}

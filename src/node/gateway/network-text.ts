// What happens on the network in the words of the gateway's output.
import type { NetworkEvent } from '../peers/network.ts';

/** One sentence for an event. */
export function networkText(event: NetworkEvent): string {
  switch (event.type) {
    case 'connected':
      return `peer ${event.peer} is connected, at ${event.address}`;
    case 'disconnected':
      return `peer ${event.peer} is gone: ${event.reason}`;
    case 'refused':
      return `a connection with ${event.who} was refused: ${event.reason}`;
    case 'unreachable':
      return `${event.who} cannot be reached: ${event.reason}; trying again`;
    case 'roster':
      return `version ${event.version} of the roster counts from now on`;
    case 'trouble':
      return event.sentence;
  }
}

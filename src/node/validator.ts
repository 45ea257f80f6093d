// The one place that maps a typed peer error to what gossipsub does with the message.
import { TopicValidatorResult } from '@chainsafe/libp2p-gossipsub';
import { actionOf, type PeerErrorCode } from '../gossip/peer-error.ts';

/** How a message that was in order travels on: 'neighbours' stops here, 'everyone' is forwarded along the mesh. */
export type Reach = 'neighbours' | 'everyone';

/**
 * gossipsub's verdict on a message. A good update that is meant for neighbours is *ignored* after the core has it, so
 * that gossipsub does not forward it and the mesh is the mixing graph; ignoring costs the sender no score.
 */
export function verdictOf(code: PeerErrorCode | undefined, reach: Reach): TopicValidatorResult {
  if (code !== undefined && actionOf(code) === 'reject') return TopicValidatorResult.Reject;
  if (code !== undefined || reach === 'neighbours') return TopicValidatorResult.Ignore;
  return TopicValidatorResult.Accept;
}

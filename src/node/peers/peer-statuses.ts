// The peers of a gateway as an operator sees them. Owns how candidates and members become one list; changes neither.
import type { Candidate } from './candidates.ts';
import type { PeerStatus } from './network-options.ts';
import type { Standing } from './standing.ts';

/**
 * One status for each peer: candidates in their order, then members that dialed us.
 * @param addresses where peers are connected, by peer id.
 */
export function statusesOf(
  candidates: readonly Candidate[],
  members: ReadonlySet<string>,
  addresses: ReadonlyMap<string, string>,
  standing: Standing,
): PeerStatus[] {
  const statuses = new Map<string, PeerStatus>();
  const add = (who: string, origin: PeerStatus['origin'], tried: string, reason: string | undefined) => {
    if (statuses.has(who)) return;
    const connected = members.has(who);
    const address = addresses.get(who) ?? tried;
    const score = standing.scoreOf(who);
    statuses.set(who, { who, origin, connected, address, reason: connected ? undefined : reason, score });
  };
  for (const { key, peer, origin, addresses: tried, reason } of candidates)
    add(peer ?? key, origin, tried[0] ?? key, reason);
  for (const who of members) add(who, 'inbound', '', undefined);
  return [...statuses.values()];
}

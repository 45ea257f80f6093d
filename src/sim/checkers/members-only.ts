// Invariant: nothing is mixed but updates of other members of the node's own federation.
import { type CheckerFactory, violation } from './checker.ts';

/** Federations that share a network do not mix, and no node mixes its own update. */
export const membersOnly: CheckerFactory = (fleet) => {
  const members = new Set(fleet.settings.map(({ self }) => self));
  return {
    name: 'members-only',
    onEffect(node, effect, nowMs) {
      if (effect.kind !== 'emit' || effect.event.type !== 'round') return;
      const self = fleet.settings[node]?.self;
      for (const { peer } of effect.event.mixed) {
        if (members.has(peer) && peer !== self) continue;
        const who = peer === self ? 'itself' : `${peer}, which is no member`;
        throw violation(this, fleet, node, nowMs, `mixed an update of ${who}`);
      }
    },
  };
};

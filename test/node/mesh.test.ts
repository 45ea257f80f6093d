// What gossipsub's settings make of a federation in which everyone is connected to everyone.
import assert from 'node:assert/strict';
import { type CodecLimits, decodeMessage } from '../../src/gossip/codec.ts';
import { fullGraph, hashOf, LiveFederation, line } from '../support/live-federation.ts';

describe('the gossipsub mesh', () => {
  for (const exchange of ['mesh', 'pull'] as const) {
    it(`is whom an update goes to with exchange ${exchange}, and the degree that it states`, async () => {
      const name = `degree ${exchange}`;
      const settings = { exchange, roundsMax: 2 };
      const federation = await LiveFederation.start({
        name,
        transport: 'memory',
        nodes: 7,
        links: fullGraph(7),
        degree: 2,
        settings,
      });
      try {
        const limits: CodecLimits = { federation: hashOf(name), payloadBytesMax: 1000, originsMax: 64, features: 2 };
        const sent: { degree: number; mesh: number; recipients: number }[] = [];
        for (const node of federation.nodes) {
          const { pubsub } = node.host;
          const publish = pubsub.publish.bind(pubsub);
          pubsub.publish = async (topic, data) => {
            const mesh = node.meshPeers.length;
            const result = await publish(topic, data);
            const message = decodeMessage(data ?? new Uint8Array(), limits);
            if (message.kind === 'update')
              sent.push({ degree: message.degree, mesh, recipients: result.recipients.length });
            return result;
          };
        }
        federation.allow(2);
        await federation.finished();

        assert.equal(sent.length, 14);
        for (const { degree, mesh, recipients } of sent) {
          assert.equal(degree, mesh);
          // gossipsub makes up for a mesh that is smaller than D, where it knows more subscribers.
          assert.ok(recipients <= Math.max(mesh, 2), `${recipients} recipients in a mesh of ${mesh}`);
        }
        const mean = sent.reduce((sum, { recipients }) => sum + recipients, 0) / sent.length;
        assert.ok(mean >= 1 && mean < 5, `${mean} of 6 peers get an update`);
      } finally {
        await federation.stop();
      }
    });
  }

  it('carries moments that are more than one message can hold', async () => {
    const federation = await LiveFederation.start({
      name: 'many moments',
      transport: 'memory',
      nodes: 4,
      links: line(4),
      features: 10_000,
    });
    try {
      // One entry takes 240 kB here, and gossipsub drops a peer that sends more than 512 kB at once.
      for (const { events, learner } of federation.nodes) {
        assert.equal(events[0]?.type === 'joined' && events[0].origins, 4);
        assert.deepEqual(learner.scalers, federation.nodes[0]!.learner.scalers);
      }
    } finally {
      await federation.stop();
    }
  });
});

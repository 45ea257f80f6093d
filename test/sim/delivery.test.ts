// What is lost on the way to a node that crashes or is beyond a partition.
import assert from 'node:assert/strict';
import { GossipCore } from '../../src/gossip/core.ts';
import { federationId } from '../../src/gossip/manifest.ts';
import { Prng } from '../../src/lib/prng.ts';
import { Delivery } from '../../src/sim/delivery.ts';
import { EventQueue } from '../../src/sim/event-queue.ts';
import { type CoreFactory, FleetNode } from '../../src/sim/fleet.ts';
import { Links } from '../../src/sim/links.ts';
import { VirtualNetwork } from '../../src/sim/network.ts';
import { toyNode } from '../support/toy-fleet.ts';

const moments = { kind: 'moments', origins: [] } as const;
const model = { kind: 'pull', digest: new Uint8Array(), moments: false } as const;

/** Two nodes that are up, 10 ms apart, and what is handed to them. */
function pair() {
  const fed: string[] = [];
  const queue = new EventQueue();
  const links = new Links({ neighbours: [[1], [0]] }, new Prng(1), () => undefined);
  const createCore: CoreFactory = (settings, prng) => new GossipCore(settings, prng);
  const nodes = [0, 1].map((i) => new FleetNode(toyNode(i), createCore, 1, new Prng(i)));
  const network = {
    latency: { distribution: 'constant', ms: 10 },
    bandwidthMbps: 1e6,
    loss: 0,
    duplication: 0,
  } as const;
  const delivery = new Delivery({
    federation: federationId({ test: 'delivery' }),
    nodes,
    links,
    queue,
    network: new VirtualNetwork(network, 2, new Prng(1)),
    wire: undefined,
    peerOf: (node) => `n${node}`,
    feed: (node, input) => fed.push(`${node} ${input.kind}`),
  });
  const start = (node: number) => {
    nodes[node]?.start();
    links.cameUp([node]);
  };
  const crash = (node: number) => {
    nodes[node]?.crash();
    links.wentDown([node]);
  };
  start(0);
  start(1);
  return {
    delivery,
    links,
    start,
    crash,
    later: (delayMs: number, act: () => void) => queue.add(queue.nowMs + delayMs, act),
    /** Lets all arrive that is under way. */
    run() {
      for (let event = queue.next(); event !== undefined; event = queue.next()) event.act();
      return fed.splice(0);
    },
  };
}

describe('Delivery', () => {
  it('carries a message to a node that is up', () => {
    const { delivery, run } = pair();
    delivery.send(0, [1], moments);
    assert.deepEqual(run(), ['1 momentsReceived']);
  });

  it('loses what is under way to a node that crashes, also where it is back when it would arrive', () => {
    const { delivery, run, later, crash, start } = pair();
    delivery.send(0, [1], moments);
    later(3, () => crash(1));
    assert.deepEqual(run(), []);
    delivery.send(0, [1], moments);
    start(1);
    assert.deepEqual(run(), []);
    delivery.send(0, [1], moments);
    assert.deepEqual(run(), ['1 momentsReceived']);
  });

  it('lets what a node has sent before its crash arrive', () => {
    const { delivery, run, crash } = pair();
    delivery.send(0, [1], moments);
    crash(0);
    assert.deepEqual(run(), ['1 momentsReceived']);
  });

  it('loses what is sent before a partition and arrives in it, and what is sent in it and arrives after', () => {
    const { delivery, run, later, links } = pair();
    delivery.send(0, [1], moments);
    later(3, () => links.part([0, 1]));
    assert.deepEqual(run(), []);
    delivery.send(0, [1], moments);
    links.part(undefined);
    assert.deepEqual(run(), []);
  });

  it('ends a pull, without an answer where the other is down, out of reach or started anew', () => {
    const { delivery, run, later, links, crash, start } = pair();
    delivery.pull(0, 1, model);
    assert.deepEqual(run(), ['0 notHeldReceived', '0 notHeldReceived']);
    links.part([0, 1]);
    delivery.pull(0, 1, model);
    assert.deepEqual(run(), ['0 notHeldReceived']);
    links.part(undefined);
    delivery.pull(0, 1, model);
    later(13, () => links.part([0, 1]));
    assert.deepEqual(run(), ['0 notHeldReceived']);
    links.part(undefined);
    crash(1);
    delivery.pull(0, 1, model);
    assert.deepEqual(run(), ['0 notHeldReceived']);
    delivery.pull(0, 1, model);
    start(1);
    assert.deepEqual(run(), ['0 notHeldReceived']);
  });

  it('tells a node that crashed itself nothing of the pull of its last start', () => {
    const { delivery, run, crash, start } = pair();
    delivery.pull(0, 1, model);
    crash(0);
    start(0);
    assert.deepEqual(run(), []);
  });
});

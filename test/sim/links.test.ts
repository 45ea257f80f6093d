import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Prng } from '../../src/lib/prng.ts';
import { type LinkSettings, Links } from '../../src/sim/links.ts';
import { meshNeighbours } from '../../src/sim/mesh.ts';

/** Links of nodes that are all up, and what the nodes are told from then on. */
function linksOf(settings: LinkSettings, absent: readonly number[] = []) {
  const told: string[] = [];
  const links = new Links(settings, new Prng(1), (node, kind, peer) => told.push(`${node} ${kind} ${peer}`));
  const present = [...settings.neighbours.keys()].filter((node) => !absent.includes(node));
  links.cameUp(present);
  for (const node of present) links.meetAll(node);
  told.length = 0;
  return { links, told: () => told.splice(0) };
}

const line = { neighbours: [[1], [0, 2], [1]] };

describe('Links', () => {
  it('lets neighbours notice who went down and who came back, and only them', () => {
    const { links, told } = linksOf(line);
    links.wentDown([0]);
    assert.deepEqual([told(), links.peersOf(1), links.peersOf(0)], [[], [0, 2], []]);
    links.noticeDown(0);
    assert.deepEqual([told(), links.peersOf(1)], [['1 peerDown 0'], [2]]);
    links.cameUp([0]);
    links.meetAll(0);
    assert.deepEqual(told(), ['0 peerUp 1']);
    links.noticeUp(0);
    assert.deepEqual([told(), links.peersOf(1)], [['1 peerUp 0'], [0, 2]]);
  });

  it('lets neighbours lose and find again a node that was back before they noticed', () => {
    const { links, told } = linksOf(line);
    links.wentDown([0]);
    links.cameUp([0]);
    links.meetAll(0);
    links.noticeDown(0);
    assert.deepEqual(told(), ['0 peerUp 1']);
    links.noticeUp(0);
    assert.deepEqual(told(), ['1 peerDown 0', '1 peerUp 0']);
    links.noticeUp(0);
    assert.deepEqual(told(), []);
  });

  it('parts and joins those on both sides of a partition, when it is noticed', () => {
    const { links, told } = linksOf(line);
    links.part([0, 0, 1]);
    assert.deepEqual([links.isWhole(0, 1), links.isWhole(1, 2), told()], [true, false, []]);
    links.noticeParts();
    assert.deepEqual(told(), ['1 peerDown 2', '2 peerDown 1']);
    links.part(undefined);
    links.noticeParts();
    assert.deepEqual(told(), ['1 peerUp 2', '2 peerUp 1']);
  });

  it('lets a node that comes up meet those only that it can reach', () => {
    const { links, told } = linksOf({ neighbours: [[1, 2, 3], [0], [0], [0]] }, [0, 3]);
    links.part([0, 0, 1, 0]);
    links.cameUp([0]);
    links.meetAll(0);
    links.noticeUp(0);
    assert.deepEqual(told(), ['0 peerUp 1', '1 peerUp 0']);
  });

  it('forgets links of a mesh to who is gone, so that they do not come back beside new ones', () => {
    const { links, told } = linksOf({ neighbours: meshNeighbours(20, 4, new Prng(1)), meshDegree: 4 });
    const before = links.peersOf(3);
    links.wentDown([3]);
    links.noticeDown(3);
    told();
    links.cameUp([3]);
    links.meetAll(3);
    assert.ok(links.isUnhealthy);
    links.rejoinMesh(3);
    assert.equal(links.peersOf(3).length, 4);
    assert.notDeepEqual(links.peersOf(3), before);
    for (const peer of links.peersOf(3)) assert.ok(links.peersOf(peer).includes(3));
  });

  it('heals any mesh until no heartbeat is needed, within the bounds and symmetric', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 10, max: 40 }), (seed, nodes) => {
        const prng = new Prng(seed);
        const { links } = linksOf({ neighbours: meshNeighbours(nodes, 6, prng), meshDegree: 6 });
        const gone = prng.shuffled([...Array(nodes).keys()]).slice(0, Math.floor(nodes / 3));
        links.wentDown(gone);
        for (const node of gone) links.noticeDown(node);
        let heartbeats = 0;
        while (links.isUnhealthy) {
          links.heal();
          heartbeats++;
          assert.ok(heartbeats < 50, 'the mesh does not come to rest');
        }
        const left = nodes - gone.length;
        for (let node = 0; node < nodes; node++) {
          const peers = links.peersOf(node);
          if (gone.includes(node)) assert.deepEqual(peers, []);
          else assert.ok(peers.length >= Math.min(4, left - 1) && peers.length <= 12, `${peers.length} of ${left}`);
          for (const peer of peers) assert.ok(links.peersOf(peer).includes(node));
        }
      }),
      { numRuns: 50 },
    );
  });
});

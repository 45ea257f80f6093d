// Kills a gateway again and again while it learns, and looks at what it left on the disk each time. Prints nothing.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import type { Prng } from '../../src/lib/prng.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { eventually } from '../support/live-federation.ts';
import type { Plant } from './plant.ts';

/** What one kill came upon. */
export interface Kill {
  /** Milliseconds since the process began, or since its first round. */
  afterMs: number;
  while: 'starting' | 'running';
  /** The latest round that the gateway told of before it was killed; 0 where none. */
  told: number;
  /** The round of the newest checkpoint on the disk; 0 where there is none. */
  kept: number;
}

/** Something that must not be. */
export class Broken extends Error {
  override name = 'Broken';
}

/** A start from source, with every module to be read anew, takes about this long. */
const startMs = 1500;
const runMs = 1500;

/** Runs the gateway of `state` once, kills it at a random moment and checks the disk. `before` is the kill before this one. */
export async function killOnce(plant: Plant, state: string, prng: Prng, before: Kill | undefined): Promise<Kill> {
  const gateway = GatewayProcess.start({
    args: [plant.manifest, '--source', plant.source, '--no-mdns', '--port', '0', '--verbose'],
    state,
  });
  try {
    const whileStarting = prng.nextFloat() < 0.25;
    const afterMs = Math.round(prng.nextFloat() * (whileStarting ? startMs : runMs));
    if (!whileStarting) {
      const first = Math.max(before?.kept ?? 0, before?.told ?? 0);
      await eventually(() => hasEnded(gateway) || roundTold(gateway) > first, `a round\n${gateway.output}`, 60_000);
    }
    await delay(afterMs);
    if (hasEnded(gateway)) throw new Broken(`the gateway ended by itself\n${gateway.output}`);
    await gateway.kill();
    const told = roundTold(gateway);
    const kept = roundKept(state);
    const kill: Kill = { afterMs, while: whileStarting ? 'starting' : 'running', told, kept };
    check(kill, before, gateway);
    return kill;
  } finally {
    await gateway.kill();
  }
}

function check({ told, kept }: Kill, before: Kill | undefined, gateway: GatewayProcess): void {
  const known = before?.kept ?? 0;
  if (told > 0 && kept < told - 1)
    throw new Broken(`round ${told} was told of, and the newest checkpoint is of ${kept}`);
  if (kept < known) throw new Broken(`the checkpoint of round ${known} is gone; the newest is of ${kept}`);
  const resumed = /goes on from round (\d+)/.exec(gateway.output)?.[1];
  if (told > 0 && known > 0 && Number(resumed) !== known) {
    throw new Broken(
      `it went on from round ${resumed ?? 'none'}, and the checkpoint was of ${known}\n${gateway.output}`,
    );
  }
}

function hasEnded({ child }: GatewayProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function roundTold({ lines }: GatewayProcess): number {
  const line = lines.findLast((text) => / round \d+:/.test(text));
  return Number(/ round (\d+):/.exec(line ?? '')?.[1] ?? 0);
}

/** Checks the database and gives the newest checkpoint's round. */
function roundKept(state: string): number {
  let db: DatabaseSync;
  try {
    db = new DatabaseSync(join(state, 'gateway.db'));
  } catch (error) {
    // Killed before it was made.
    if (error instanceof Error && error.message.includes('unable to open')) return 0;
    throw error;
  }
  try {
    const [integrity] = db.prepare('PRAGMA integrity_check').all();
    if (integrity?.integrity_check !== 'ok') throw new Broken(`integrity_check: ${JSON.stringify(integrity)}`);
    const tables = db.prepare("SELECT count(*) AS count FROM sqlite_master WHERE name = 'checkpoints'").get();
    if (tables?.count === 0) return 0;
    const row = db.prepare('SELECT body FROM checkpoints ORDER BY key DESC LIMIT 1').get();
    if (!(row?.body instanceof Uint8Array)) return 0;
    const headBytes = new DataView(row.body.buffer, row.body.byteOffset).getUint32(0, true);
    const head = JSON.parse(new TextDecoder().decode(row.body.subarray(4, 4 + headBytes))) as { round: number };
    return head.round;
  } finally {
    db.close();
  }
}

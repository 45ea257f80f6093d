// Where each fault shows, and where it must not.
import type { MachineFault } from '../../src/data/rotating-machine.ts';
import { near, quiet, type Reading, readRows } from './machine-readings.ts';

describe('readSensors() with a fault', () => {
  const rows = 400;
  const severity = 0.7;
  /** Each row of a healthy machine beside the same row with the fault, all else drawn alike. */
  const eachRow = (kind: MachineFault, visit: (healthy: Reading, faulty: Reading, row: number) => void): void => {
    for (const seed of [1, 2, 3]) {
      const machine = quiet(seed);
      const faulty = readRows(machine, { kind, severity }, rows);
      for (const [i, healthy] of readRows(machine, undefined, rows).entries()) visit(healthy, faulty[i]!, i);
    }
  };
  /** All but `moved` read as on the healthy machine. */
  const onlyMoves = (healthy: Reading, faulty: Reading, moved: readonly (keyof Reading)[]): void => {
    const still = (Object.keys(healthy) as (keyof Reading)[]).filter((sensor) => !moved.includes(sensor));
    for (const sensor of still) near(faulty[sensor], healthy[sensor], 1e-12);
  };
  /** Of the drive end's mean square, what the two amplitudes do not make. */
  const broadband = (row: Reading): number => row.driveEnd ** 2 - (row.once ** 2 + row.twice ** 2) / 2;

  it('imbalance: raises 1× alone, from half to all of 1 + 2.5 s, and with it both overall vibrations', () => {
    eachRow('imbalance', (healthy, faulty, row) => {
      near(faulty.once / healthy.once, 1 + 2.5 * severity * (0.5 + (0.5 * (row + 1)) / rows), 1e-9);
      near(broadband(faulty), broadband(healthy), 1e-9);
      near(faulty.freeEnd / faulty.driveEnd, healthy.freeEnd / healthy.driveEnd, 1e-9);
      onlyMoves(healthy, faulty, ['once', 'driveEnd', 'freeEnd']);
    });
  });

  it('misalignment: raises 2× alone, by 1 + 2.8 s, and with it both overall vibrations', () => {
    eachRow('misalignment', (healthy, faulty) => {
      near(faulty.twice / healthy.twice, 1 + 2.8 * severity, 1e-9);
      near(broadband(faulty), broadband(healthy), 1e-9);
      near(faulty.freeEnd / faulty.driveEnd, healthy.freeEnd / healthy.driveEnd, 1e-9);
      onlyMoves(healthy, faulty, ['twice', 'driveEnd', 'freeEnd']);
    });
  });

  // Orders of the outer race times its factor squared, and of the inner one, which strikes for half of each turn.
  for (const [kind, power] of [
    ['outer-race', 2 ** 2],
    ['inner-race', (2.1 ** 2 * (5.415 / 3.585)) / 2],
  ] as const) {
    it(`${kind}: raises the envelope's power with load × speed, and the bearing's warmth by 15 % of s, alone`, () => {
      eachRow(kind, (healthy, faulty) => {
        const { speed, load } = healthy;
        const added = (power * severity ** 2 * load * speed) / (speed ** 2 * (0.4 + 0.6 * load));
        near((faulty.envelope / healthy.envelope) ** 2, 1 + added, 1e-3);
        near((faulty.bearing - faulty.ambient) / (healthy.bearing - healthy.ambient), 1 + 0.15 * severity, 1e-9);
        onlyMoves(healthy, faulty, ['envelope', 'bearing']);
      });
    });
  }
});

// A small made-up fleet as CSV files: each device has two sensors that move together around levels of its own, and
// anomalous recordings in which they come apart.
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Prng } from '../../src/lib/prng.ts';

const rowsPerInstance = 24;

/** Writes one file a device into a new folder and returns the folder. */
export async function writeFleet(devices: number, instances = 16): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rumormill-fleet-'));
  for (let device = 0; device < devices; device++) {
    await writeFile(join(folder, `machine-${device + 1}.csv`), deviceCsv(device, instances));
  }
  return folder;
}

function deviceCsv(device: number, instances: number): string {
  const prng = new Prng(`fleet/${device}`);
  const lines = ['instance,time,pressure,flow,label'];
  for (let instance = 0; instance < instances; instance++) {
    const anomalous = instance % 4 === 3;
    const phase = prng.nextFloat() * 6;
    for (let row = 0; row < rowsPerInstance; row++) {
      const swing = Math.sin(phase + row / (3 + device));
      const pressure = 100 * (device + 1) + 10 * swing + prng.nextGaussian();
      const flow = 5 + (anomalous ? -2 : 2) * swing + 0.2 * prng.nextGaussian();
      const time = instance * 10_000 + row * 60;
      lines.push(`i${instance},${time},${pressure.toFixed(4)},${flow.toFixed(4)},${anomalous ? 1 : 0}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

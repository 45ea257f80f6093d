import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { createSource } from '../../../src/node/sources/create-source.ts';
import { CsvRows } from '../../../src/node/sources/csv-rows.ts';
import { LineSplitter } from '../../../src/node/sources/line-splitter.ts';
import { Readings } from '../../../src/node/sources/readings.ts';
import { SensorTable } from '../../../src/node/sources/sensor-table.ts';
import { sourceSchema } from '../../../src/node/sources/source-config.ts';
import { RecordingSink, RunningSource, surroundings, twoSensors } from '../../support/live-source.ts';

describe('CsvSource', () => {
  let folder: string;
  let path: string;
  let running: RunningSource | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rumormill-csv-source-'));
    path = join(folder, 'plant.csv');
  });
  afterEach(async () => {
    await running?.stop();
    running = undefined;
    await rm(folder, { recursive: true });
  });

  const run = (changes: object = {}): RunningSource => {
    running = new RunningSource(
      createSource(sourceSchema.parse({ kind: 'csv', path, ...changes }), twoSensors, surroundings()),
    );
    return running;
  };
  /** All samples of a finite file. */
  const readAll = async (text: string, changes: object = {}): Promise<RecordingSink> => {
    await writeFile(path, text);
    const { sink, finished } = run(changes);
    running = undefined;
    await finished;
    return sink;
  };
  const rowsAre = async (expected: number[][]): Promise<void> => {
    await running!.until((sink) => sink.samples.length >= expected.length, `${expected.length} samples`);
    assert.deepEqual(running!.sink.rows(), expected);
  };

  it('reads a file to its end, plain or compressed, with or without a last line end', async () => {
    const text =
      '\ufefftime,temperature,pressure\r\n2024-01-01T00:00:00Z,20,1\r\n\r\n1704067201,,"2"\r\n1704067202000,21,3';
    const expected = [
      [1_704_067_200_000, 1, 20],
      [1_704_067_201_000, 2, Number.NaN],
      [1_704_067_202_000, 3, 21],
    ];
    assert.deepEqual((await readAll(text)).rows(), expected);
    const compressed = `${path}.gz`;
    await writeFile(compressed, gzipSync(text));
    const { sink, finished } = run({ path: compressed });
    await finished;
    assert.deepEqual(sink.rows(), expected);
  });

  it('counts and leaves out lines that cannot be read', async () => {
    const long = 'x'.repeat(1024 * 1024 + 1);
    const bad = ['2,1', '3,1,2,3', '4,one,1', 'later,1,1', '5,"1,1', '6,1e999,1', long, ',1,1', '\0\u0001,,'];
    const sink = await readAll(`time,pressure,temperature\n1,1,1\n${bad.join('\n')}\n9,9,9\n`);
    assert.deepEqual(sink.rows(), [
      [1000, 1, 1],
      [9000, 9, 9],
    ]);
    assert.equal(sink.countOf('malformed'), bad.length);
    assert.equal(sink.said.length, 1);
  });

  it('checks units in the header, and takes mapped columns with their conversion', async () => {
    const text = 'when,P [psi],temperature (K),flow\n1,14.5,300,5\n2,29,300,\n';
    const sink = await readAll(text, {
      time: 'when',
      sensors: { pressure: { from: 'P', unit: 'psi', factor: 0.1, offset: 1 } },
    });
    assert.deepEqual(
      sink.rows().map(([, pressure]) => Number(pressure!.toFixed(6))),
      [2.45, 3.9],
    );
    assert.ok(sink.rows().every(([, , temperature]) => Number.isNaN(temperature)));
    assert.deepEqual(sink.counts, { samples: 2, unitMismatch: 2, unknownSensor: 1 });
    assert.ok(sink.hasSaid(/^temperature comes in 'K' where the federation has '°C'/));
  });

  it('ends with one sentence where the file can never work', async () => {
    const refused = (text: string, message: RegExp, changes: object = {}): Promise<void> =>
      assert.rejects(readAll(text, changes), { name: 'OperatorError', message });
    await refused('when,pressure\n', /line 1: there is no column 'time'/);
    await refused('time,x\n', /line 1: no column is a sensor/);
    await refused('time,pressure\n', /no such file/, { path: join(folder, 'none.csv') });
    await refused('time,pressure\n', /is a folder/, { path: folder });
    assert.throws(() => run({ follow: true, speed: 2 }), { name: 'OperatorError', message: /^speed: / });
    await writeFile(`${path}.gz`, gzipSync('time,pressure\n1,1\n').subarray(0, 20));
    await refused('', /gzip data is damaged/, { path: `${path}.gz` });
  });

  it('replays by the time column at a speed, and again with times that go on', async () => {
    await writeFile(path, 'time,pressure\n0,1\n10,2\n20,3\n');
    const startedAtMs = performance.now();
    run({ speed: 1000, repeat: true });
    await running!.until(({ samples }) => samples.length >= 7, 'two and a bit readings');
    // 60 seconds of data at a thousand times their speed.
    assert.ok(performance.now() - startedAtMs >= 59);
    assert.deepEqual(
      running!.sink
        .rows()
        .slice(0, 7)
        .map(([timeMs, value]) => [timeMs, value]),
      [
        [0, 1],
        [10_000, 2],
        [20_000, 3],
        [30_000, 1],
        [40_000, 2],
        [50_000, 3],
        [60_000, 1],
      ],
    );
  });

  it('follows a file that is not there yet, and waits for the end of a half-written line', async () => {
    run({ follow: true });
    await running!.until((sink) => sink.hasSaid(/is not there yet/), 'it says that it waits');
    await writeFile(path, 'time,pressure,temperature\n1,1,');
    await appendFile(path, '1\n2,2');
    await rowsAre([[1000, 1, 1]]);
    await appendFile(path, '2,2\n');
    await rowsAre([
      [1000, 1, 1],
      [2000, 22, 2],
    ]);
    assert.equal(running!.sink.countOf('malformed'), 0);
  });

  it('reads a rotated file to its end, then the new one, with or without a header', async () => {
    await writeFile(path, 'time,pressure,temperature\n1,1,1\n');
    run({ follow: true });
    await rowsAre([[1000, 1, 1]]);
    await rename(path, `${path}.1`);
    await appendFile(`${path}.1`, '2,2,2\n');
    await writeFile(path, 'time,temperature,pressure\n3,33,3\n');
    await rowsAre([
      [1000, 1, 1],
      [2000, 2, 2],
      [3000, 3, 33],
    ]);
    await rename(path, `${path}.2`);
    await writeFile(path, '4,44,4\n');
    await rowsAre([
      [1000, 1, 1],
      [2000, 2, 2],
      [3000, 3, 33],
      [4000, 4, 44],
    ]);
    assert.equal(running!.sink.countOf('malformed'), 0);
  });

  it('begins anew where the file was cut off, and counts the line that nobody will finish', async () => {
    await writeFile(path, 'time,pressure,temperature\n1,1,1\n2,2,2\n3,');
    run({ follow: true });
    await running!.until(({ samples }) => samples.length === 2, 'two samples');
    await truncate(path);
    await running!.until((sink) => sink.countOf('malformed') === 1, 'the half line is given up');
    await appendFile(path, 'time,pressure,temperature\n4,4,4\n');
    await running!.until(({ samples }) => samples.length === 3, 'a sample after the cut');
    assert.deepEqual(running!.sink.rows().at(-1), [4000, 4, 4]);
  });

  for (const { what, back, expected } of [
    { what: 'the same file is read on', back: '', expected: [2000, 2, 2] },
    { what: 'another file is read from its start', back: '.new', expected: [3000, 3, 3] },
  ]) {
    it(`waits for a folder that is away for a while, as on a network drive, and then ${what}`, async () => {
      const drive = join(folder, 'drive');
      for (const [suffix, row] of [
        ['', '1,1,1'],
        ['.new', '3,3,3'],
      ]) {
        await mkdir(`${drive}${suffix}`);
        await writeFile(join(`${drive}${suffix}`, 'live.csv'), `time,pressure,temperature\n${row}\n`);
      }
      run({ follow: true, path: join(drive, 'live.csv') });
      await rowsAre([[1000, 1, 1]]);
      await rename(drive, `${drive}.away`);
      await writeFile(drive, 'opening what is below a file fails with ENOTDIR');
      await running!.until((sink) => sink.hasSaid(/cannot be read now \(ENOTDIR/), 'it says so');
      await appendFile(join(`${drive}.away`, 'live.csv'), '2,2,2\n');
      await rm(drive);
      await rename(`${drive}${back === '' ? '.away' : back}`, drive);
      await rowsAre([[1000, 1, 1], expected]);
      assert.equal(running!.sink.countOf('malformed'), 0);
    });
  }

  it('gives the same samples however the writes are split', async () => {
    const lines = fc.array(
      fc.oneof(
        fc.tuple(fc.nat(99), fc.double({ noNaN: true, noDefaultInfinity: true })).map(([t, v]) => `${t},${v},1`),
        fc.constantFrom('', '1,"2', '7,"8",9\r', 'ü,ß,€', '1,2', '"a""b",1,1', '\r'),
      ),
      { maxLength: 12 },
    );
    const samplesOf = (chunks: readonly Uint8Array[]): { rows: number[][]; counts: object } => {
      const sink = new RecordingSink();
      const rows = new CsvRows('x', 'time', new Readings(new SensorTable(twoSensors, {}), sink));
      const splitter = new LineSplitter();
      const found: number[][] = [];
      for (const chunk of chunks) {
        for (const line of splitter.push(chunk)) {
          const sample = rows.read(line);
          if (sample !== undefined) found.push([sample.timeMs, ...sample.values]);
        }
        // The file's reader uses its memory again.
        chunk.fill(0);
      }
      return { rows: found, counts: sink.counts };
    };
    fc.assert(
      fc.property(lines, fc.array(fc.nat(400), { maxLength: 10 }), (given, cuts) => {
        const bytes = (): Buffer => Buffer.from(`time,pressure,temperature\n${given.join('\n')}\n`);
        const whole = samplesOf([bytes()]);
        const all = bytes();
        const at = [0, ...cuts.map((cut) => Math.min(cut, all.length)).sort((a, b) => a - b), all.length];
        const parts = at.slice(1).map((end, i) => Uint8Array.from(all.subarray(at[i]!, end)));
        assert.deepEqual(samplesOf(parts), whole);
      }),
    );
  });

  it('gives the same samples however the writes to a followed file are split', async () => {
    const text = `time,pressure,temperature\n${Array.from({ length: 40 }, (_, i) => `${i},${i / 3},${40 - i}\n`).join('')}`;
    const expected = Array.from({ length: 40 }, (_, i) => [i * 1000, i / 3, 40 - i]);
    for (const step of [7, 100]) {
      await writeFile(path, '');
      const following = run({ follow: true });
      for (let at = 0; at < text.length; at += step) await appendFile(path, text.slice(at, at + step));
      await rowsAre(expected);
      await following.stop();
    }
  });
});

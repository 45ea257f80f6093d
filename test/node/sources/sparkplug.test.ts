import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Readings } from '../../../src/node/sources/readings.ts';
import { SensorTable } from '../../../src/node/sources/sensor-table.ts';
import { SparkplugHost } from '../../../src/node/sources/sparkplug-host.ts';
import { type Metric, Payload } from '../../../src/node/sources/sparkplug-messages.ts';
import { decodeSparkplug, encodeRebirth, SparkplugError } from '../../../src/node/sources/sparkplug-values.ts';
import { RecordingSink, twoSensors } from '../../support/live-source.ts';
import { born, changed, dataType, payload } from '../../support/sparkplug-node.ts';

describe('decodeSparkplug()', () => {
  const numberOf = (metric: Metric): number | undefined => {
    const [decoded] = decodeSparkplug(payload(0, [metric])).metrics;
    return decoded!.value(undefined);
  };

  it('reads every type of number, signed ones by their bits', () => {
    const { int8, int16, int32, int64, uint32, uint64, float, double, boolean } = dataType;
    assert.equal(numberOf({ datatype: int8, intValue: 0xff }), -1);
    assert.equal(numberOf({ datatype: int8, intValue: 127 }), 127);
    assert.equal(numberOf({ datatype: int16, intValue: 0x8000 }), -32_768);
    assert.equal(numberOf({ datatype: int32, intValue: 0xffff_fff6 }), -10);
    assert.equal(numberOf({ datatype: int64, longValue: 2n ** 64n - 5n }), -5);
    assert.equal(numberOf({ datatype: int64, longValue: 2n ** 40n }), 2 ** 40);
    assert.equal(numberOf({ datatype: uint32, intValue: 0xffff_fff6 }), 0xffff_fff6);
    assert.equal(numberOf({ datatype: uint32, longValue: 7n }), 7);
    assert.equal(numberOf({ datatype: uint64, longValue: 2n ** 63n }), 2 ** 63);
    assert.equal(numberOf({ datatype: float, floatValue: 0.5 }), 0.5);
    assert.equal(numberOf({ datatype: double, doubleValue: -1e300 }), -1e300);
    assert.equal(numberOf({ datatype: boolean, booleanValue: true }), 1);
    assert.equal(numberOf({ datatype: double, isNull: true }), Number.NaN);
    assert.equal(numberOf({ datatype: dataType.string, intValue: 3 }), undefined);
  });

  it('agrees with the bytes that the specification gives for its fields', () => {
    // By hand: timestamp 1 = 5; metrics 2 = { name 1 "a", datatype 4 = Int32, int_value 10 = 2^32 - 1 }; seq 3 = 9; uuid 4 is skipped.
    const metric = [0x0a, 1, 0x61, 0x20, 3, 0x50, 0xff, 0xff, 0xff, 0xff, 0x0f];
    const bytes = Uint8Array.from([0x08, 5, 0x12, metric.length, ...metric, 0x18, 9, 0x22, 1, 0x7a]);
    const decoded = decodeSparkplug(bytes);
    assert.equal(decoded.timeMs, 5);
    assert.equal(decoded.seq, 9);
    assert.equal(decoded.metrics[0]!.name, 'a');
    assert.equal(decoded.metrics[0]!.value(undefined), -1);
  });

  it('throws SparkplugError and nothing else, whatever the bytes', () => {
    const whole = payload(3, [born('pressure', 1, 2, 'bar'), changed(7, 1.5)]);
    const damaged = fc
      .tuple(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length))
      .map(([at, byte, end]) => Uint8Array.from(whole, (old, i) => (i === at ? byte : old)).subarray(0, end));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged), (bytes) => {
        try {
          for (const metric of decodeSparkplug(bytes).metrics) metric.value(3);
        } catch (error) {
          assert.ok(error instanceof SparkplugError, String(error));
        }
      }),
      { numRuns: 5000 },
    );
  });

  it('is asked for by a command that an edge node understands', () => {
    const { timestamp, metrics } = Payload.decode(encodeRebirth(1234.5));
    assert.equal(timestamp, 1234n);
    assert.deepEqual(
      metrics.map(({ name, datatype, booleanValue }) => [name, datatype, booleanValue]),
      [['Node Control/Rebirth', dataType.boolean, true]],
    );
  });
});

describe('sparkplug-messages.ts', () => {
  it('is what the generator makes of sparkplug-messages.proto', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rumormill-sparkplug-'));
    try {
      execFileSync(process.execPath, ['scripts/generate-messages.mjs', folder]);
      const name = 'sparkplug-messages.ts';
      assert.equal(readFileSync(`src/node/sources/${name}`, 'utf8'), readFileSync(join(folder, name), 'utf8'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('SparkplugHost', () => {
  let sink: RecordingSink;
  let asked: string[];
  let nowMs: number;
  let host: SparkplugHost;
  /** Feeds one message of an edge node; a row is [time, pressure, temperature]. */
  const feed = (type: string, bytes: Buffer): number[][] =>
    host.samples(`spBv1.0/plant/${type}`, bytes, 77).map(({ timeMs, values }) => [timeMs, ...values]);

  beforeEach(() => {
    sink = new RecordingSink();
    asked = [];
    nowMs = 0;
    host = new SparkplugHost(new Readings(new SensorTable(twoSensors, {}), sink), { nowMs: () => nowMs }, (topic) =>
      asked.push(topic),
    );
  });

  it('knows the names behind the aliases of a birth, and the types that data leave out', () => {
    const level: Metric = { name: 'temperature', alias: 9n, datatype: dataType.int16, intValue: 0xffff };
    assert.deepEqual(feed('NBIRTH/e', payload(0, [born('pressure', 4, 1.5, 'bar'), level])), [[1000, 1.5, -1]]);
    assert.deepEqual(feed('NDATA/e', payload(1, [changed(4, 2.5)], 2000)), [[2000, 2.5, Number.NaN]]);
    assert.deepEqual(feed('NDATA/e', payload(2, [{ alias: 9n, intValue: 0xfffe }], 3000)), [[3000, Number.NaN, -2]]);
    assert.deepEqual(sink.counts, {});
    assert.deepEqual(asked, []);
  });

  it('makes a sample for each time that the metrics of one message have', () => {
    feed('NBIRTH/e', payload(0, [{ ...born('pressure', 1, 1), timestamp: 10n }, born('temperature', 2, 3)]));
    const metrics = [
      { ...changed(1, 5), timestamp: 20n },
      { ...changed(1, 6), timestamp: 30n },
      { ...changed(2, 7), timestamp: 20n },
    ];
    assert.deepEqual(feed('NDATA/e', payload(1, metrics)), [
      [20, 5, 7],
      [30, 6, Number.NaN],
    ]);
  });

  it('counts what is missing in the order of an edge node, over the wrap to 0, and asks for a birth', () => {
    feed('NBIRTH/e', payload(254, [born('pressure', 1, 1)]));
    feed('NDATA/e', payload(255, [changed(1, 2)]));
    feed('NDATA/e', payload(0, [changed(1, 2)]));
    assert.equal(sink.countOf('missed'), 0);
    assert.deepEqual(feed('NDATA/e', payload(4, [changed(1, 9)])), [[1000, 9, Number.NaN]]);
    assert.equal(sink.countOf('missed'), 3);
    assert.deepEqual(asked, ['spBv1.0/plant/NCMD/e']);
  });

  it('takes a message that the broker repeats without counting others as missed', () => {
    feed('NBIRTH/e', payload(0, [born('pressure', 1, 1)]));
    for (const seq of [1, 2, 3, 2, 3, 4]) feed('NDATA/e', payload(seq, [changed(1, seq)], 1000 + seq));
    assert.equal(sink.countOf('missed'), 0);
    feed('NDATA/e', payload(205, [changed(1, 5)], 9000));
    assert.equal(sink.countOf('missed'), 200);
  });

  it('asks an edge node for its birth no more than once in ten seconds', () => {
    for (let seq = 0; seq < 5; seq++) feed('NDATA/e', payload(seq, [changed(1, 1)]));
    feed('NDATA/other', payload(0, [changed(1, 1)]));
    assert.deepEqual(asked, ['spBv1.0/plant/NCMD/e', 'spBv1.0/plant/NCMD/other']);
    assert.equal(sink.countOf('missed'), 6);
    nowMs = 10_000;
    feed('NDATA/e', payload(5, [changed(1, 1)]));
    assert.equal(asked.length, 3);
  });

  it('says that the values of a dead node or device stand no longer, and uses none until it is born again', () => {
    const bdSeq = (value: number): Metric => ({ name: 'bdSeq', datatype: dataType.int64, longValue: BigInt(value) });
    feed('NBIRTH/e', payload(0, [bdSeq(7), born('pressure', 1, 1)]));
    feed('DBIRTH/e/pump', payload(1, [born('temperature', 2, 1)]));
    const stale = (type: string, bytes: Buffer) => host.samples(`spBv1.0/plant/${type}`, bytes, 77);
    assert.deepEqual(stale('NDEATH/e', payload(undefined, [bdSeq(6)])), []);
    assert.deepEqual(
      stale('DDEATH/e/pump', payload(2, [], 500)).map((each) => [each.timeMs, each.stale]),
      [[500, [1]]],
    );
    assert.deepEqual(feed('DDATA/e/pump', payload(3, [changed(2, 5)])), []);
    assert.deepEqual(
      stale('NDEATH/e', payload(undefined, [bdSeq(7)])).map((each) => [each.timeMs, each.stale]),
      [[77, [0]]],
    );
    assert.deepEqual(feed('NDATA/e', payload(4, [changed(1, 5)])), []);
    assert.equal(sink.countOf('malformed'), 0);
    assert.deepEqual(feed('NBIRTH/e', payload(0, [bdSeq(8), born('pressure', 1, 6)])), [[1000, 6, Number.NaN]]);
  });

  it('leaves out values in another unit and of bad quality, and counts them', () => {
    feed('NBIRTH/e', payload(0, [born('pressure', 1, 1, 'psi'), born('temperature', 2, 20, 'degC')]));
    const quality = { keys: ['Quality'], values: [{ type: 3, intValue: 0 }] };
    const [sample] = host.samples(
      'spBv1.0/plant/NDATA/e',
      payload(1, [changed(1, 2), { ...changed(2, 3), properties: quality }]),
      77,
    );
    assert.deepEqual([...sample!.values], [Number.NaN, Number.NaN]);
    assert.deepEqual(sample!.stale, [1]);
    assert.deepEqual(sink.counts, { unitMismatch: 2, badQuality: 1 });
    assert.ok(sink.hasSaid(/^pressure comes in 'psi' where the federation has 'bar'/));
  });

  it('tells devices with the same metric apart by the device in front', () => {
    const table = new SensorTable(twoSensors, { pressure: { from: 'pumpA/p' }, temperature: { from: 'pumpB/p' } });
    host = new SparkplugHost(new Readings(table, sink), { nowMs: () => nowMs }, (topic) => asked.push(topic));
    assert.deepEqual(feed('DBIRTH/e/pumpA', payload(0, [born('p', 1, 5)])), [[1000, 5, Number.NaN]]);
    assert.deepEqual(feed('DBIRTH/e/pumpB', payload(1, [born('p', 2, 6)])), [[1000, Number.NaN, 6]]);
  });

  it('never throws, and keeps a bounded number of edge nodes, whatever comes', () => {
    const types = ['NBIRTH', 'NDATA', 'NDEATH', 'DBIRTH', 'DDATA', 'DDEATH', 'NCMD', 'x'];
    const metric = fc.record(
      {
        name: fc.constantFrom('pressure', 'temperature', 'bdSeq', '', '__proto__', 'Node Control/Rebirth'),
        alias: fc.bigInt({ min: 0n, max: 3n }),
        datatype: fc.nat(20),
        isNull: fc.boolean(),
        doubleValue: fc.double(),
        timestamp: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      },
      { requiredKeys: [] },
    );
    const message = fc.tuple(
      fc.constantFrom(...types),
      fc.constantFrom('e', 'f', 'e/pump', 'e/__proto__', ''),
      fc.option(fc.nat(300), { nil: undefined }),
      fc.array(metric, { maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(message, { maxLength: 30 }), (messages) => {
        for (const [type, name, seq, metrics] of messages) {
          for (const row of feed(`${type}/${name}`, payload(seq, metrics as Metric[]))) assert.equal(row.length, 3);
        }
      }),
    );
    for (let i = 0; i < 2000; i++) feed(`NDATA/many-${i}`, payload(0, []));
    assert.ok(asked.length <= 1100);
    assert.ok(sink.countOf('malformed') >= 900);
  });
});

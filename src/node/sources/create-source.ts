// The live source for a configuration. Owns the choice only.
import { CsvSource } from './csv-source.ts';
import { MqttSource } from './mqtt-source.ts';
import { OpcuaSource } from './opcua-source.ts';
import { SensorTable } from './sensor-table.ts';
import type { Sensor, Source } from './source.ts';
import type { SourceConfig } from './source-config.ts';
import { StdinSource } from './stdin-source.ts';
import { processSurroundings, type Surroundings } from './surroundings.ts';

/** Opens nothing yet. Throws OperatorError where the configuration does not fit `sensors`. */
export function createSource(
  config: SourceConfig,
  sensors: readonly Sensor[],
  surroundings: Surroundings = processSurroundings(),
): Source {
  return sourceOf(config, new SensorTable(sensors, config.sensors), surroundings);
}

/** As createSource(), with a table that says which names are sensors. */
export function sourceOf(config: SourceConfig, table: SensorTable, surroundings: Surroundings): Source {
  switch (config.kind) {
    case 'csv':
      return new CsvSource(config, table, surroundings);
    case 'stdin':
      return new StdinSource(config, table, surroundings);
    case 'mqtt':
      return new MqttSource(config, table, surroundings);
    case 'opcua':
      return new OpcuaSource(config, table, surroundings);
  }
}

// Profiles a CSV file. Owns how its columns and cells become observations; what they add up to is SourceProfile's.
import { CellError, parseLabel, parseNumber, quote } from '../data/cells.ts';
import { readCsv } from '../data/csv-file.ts';
import { splitUnit } from '../data/header-unit.ts';
import { type Layout, type LayoutConfig, layoutOf, type SettingName, suggest } from '../data/layout.ts';
import { OperatorError } from '../lib/errors.ts';
import { SourceProfile } from './source-profile.ts';
import { liveTimeMs } from './sources/live-time.ts';

interface Column {
  at: number;
  name: string;
  unit: string | undefined;
}

/**
 * Reads the whole file, plain or gzip. Rows labelled as anomalous do not count. Throws OperatorError where the file cannot be
 * read, has no column with times or a cell that is no time; `setting` is how messages call what names a column.
 */
export async function profileCsv(
  file: string,
  config: Omit<LayoutConfig, 'sensors'>,
  setting: SettingName,
): Promise<SourceProfile> {
  const profile = new SourceProfile();
  let layout: Layout | undefined;
  let sensors: Column[] = [];
  let rows = 0;
  await readCsv(
    file,
    (cells, line) => {
      if (layout === undefined) {
        layout = layoutOf(cells, config, file, setting);
        if (layout.time === undefined) throw noTime(layout, file, config.columns.time, setting);
        sensors = columnsOf(layout);
        for (const { name, unit } of sensors) profile.declare(name, unit);
        return undefined;
      }
      rows += 1;
      observeRow(profile, layout, sensors, cells, `${file} line ${line}`);
      return undefined;
    },
    'the path',
  );
  if (layout === undefined) throw new OperatorError(`${file}: is empty; its first line must name the columns`);
  if (rows === 0) throw new OperatorError(`${file}: has a header and no rows; give a file with data`);
  return profile;
}

function noTime({ header }: Layout, file: string, time: string, setting: SettingName): OperatorError {
  return new OperatorError(
    `${file} line 1: there is no column ${quote(time)}; name the one with the times by ${setting('time')}${suggest(time, header)}`,
  );
}

/** A unit is taken off a name, unless two columns would then have one name. */
function columnsOf({ sensors, sensorAt }: Layout): Column[] {
  const split = sensors.map(splitUnit);
  const times = (name: string) => split.filter((other) => other.name === name).length;
  return split.map(({ name, unit }, index) => ({
    at: sensorAt[index]!,
    name: times(name) > 1 ? sensors[index]! : name,
    unit,
  }));
}

function observeRow(
  profile: SourceProfile,
  layout: Layout,
  sensors: readonly Column[],
  cells: readonly string[],
  place: string,
): void {
  const column = (at: number | undefined): string => (at === undefined ? '' : cells[at]!);
  let timeMs: number;
  try {
    if (layout.label !== undefined && parseLabel(column(layout.label)) === 1) return;
    timeMs = liveTimeMs(column(layout.time));
  } catch (error) {
    if (!(error instanceof CellError)) throw error;
    throw new OperatorError(`${place}: a cell ${error.message}`);
  }
  const series = `${column(layout.device)}/${column(layout.instance)}`;
  for (const { at, name, unit } of sensors) {
    const cell = cells[at]!;
    let value: number;
    try {
      value = parseNumber(cell);
    } catch (error) {
      if (!(error instanceof CellError)) throw error;
      profile.observeText(name, unit, cell);
      continue;
    }
    profile.observe(name, unit, timeMs, value, series);
  }
}

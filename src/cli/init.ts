// The command `init`: writes the manifest of a new federation from a file with data of one gateway.
import { basename } from 'node:path';
import type { Command } from 'commander';
import { defaultColumns, type SettingName } from '../data/layout.ts';
import { OperatorError } from '../lib/errors.ts';
import { refuseExisting, writeNewFile } from '../lib/new-file.ts';
import { profileCsv } from '../node/csv-profile.ts';
import { manifestSchema } from '../node/manifest-schema.ts';
import { manifestText } from '../node/manifest-text.ts';
import type { Profile } from '../node/source-profile.ts';
import { suggestManifest } from '../node/suggested-manifest.ts';
import { safeText } from './format.ts';
import type { Ports } from './ports.ts';

interface InitOptions {
  out: string;
  name?: string;
  deviceColumn: string;
  instanceColumn: string;
  timeColumn: string;
  labelColumn: string;
  splitColumn: string;
  ignore: string[];
}

/** Adds `rumormill init` to the program. */
export function addInitCommand(program: Command, { stdout }: Ports): void {
  const init = program
    .command('init')
    .description('write the manifest of a new federation from data of one gateway')
    .argument('<SOURCE>', 'a .csv or .csv.gz file with a header: a column of times, and one for each sensor')
    .option('--out <FILE>', 'the manifest, which must not exist yet', 'federation.yaml')
    .option('--name <NAME>', 'name of the federation (default: that of the source)');
  for (const [key, name] of Object.entries(defaultColumns)) {
    init.option(`--${key}-column <NAME>`, `column with the ${key}${key === 'time' ? '' : ', if any'}`, name);
  }
  init
    .option('--ignore <COLUMN...>', 'columns that are no sensors', [])
    .addHelpText(
      'after',
      `
The manifest says what all gateways agree on: sensors with units and ranges, windows, model, training and gossip. Its comments
say why each value was chosen. Read it, change what you know better, and give the same file to every gateway.`,
    )
    .action(async (source: string, options: InitOptions) => {
      stdout.write(`${await initFromCsv(source, options)}\n`);
    });
}

const columnFlag: SettingName = (key) => (key === 'ignore' || key === 'sensors' ? '--ignore' : `--${key}-column`);

const mend = 'give another with --out, or remove it';

async function initFromCsv(source: string, options: InitOptions): Promise<string> {
  if (!/\.csv(\.gz)?$/i.test(source)) {
    throw new OperatorError(`${source}: its name does not end in .csv or .csv.gz; give a CSV file`);
  }
  const name = options.name === undefined ? nameFrom(source) : checkedName(options.name);
  await refuseExisting(options.out, mend);
  const columns = {
    device: options.deviceColumn,
    instance: options.instanceColumn,
    time: options.timeColumn,
    label: options.labelColumn,
    split: options.splitColumn,
  };
  const profile = await profileCsv(source, { columns, ignore: options.ignore }, columnFlag);
  return writeManifest(profile.result(), name, source, options.out);
}

/** Writes the manifest that suits what was found in `source`, and says what to do with it. */
async function writeManifest(profile: Profile, name: string, source: string, out: string): Promise<string> {
  // libp2p, from which the manifest has its limits, is loaded for this command only.
  const { agreementOf, parseManifest } = await import('../node/manifest.ts');
  const suggested = suggestManifest(profile);
  if (suggested === undefined) {
    const why = profile.sensors.length === 0 ? 'there are no numbers in it' : 'no sensor has values at two times';
    throw new OperatorError(`${source}: ${why}, so nothing can be said of its sensors; give data of a normal day`);
  }
  const text = manifestText(name, basename(source), suggested);
  const { federation } = agreementOf(parseManifest(text, out));
  await writeNewFile(out, text, 0o666, mend);
  const { sensors, leftOut, sampling, window } = suggested;
  return [
    `${out}: ${sensors.length} sensors, one row each ${sampling.intervalMs / 1000} s, windows of ${window.length} rows`,
    ...leftOut.map((what) => `left out: ${safeText(what)}`),
    `federation ${Buffer.from(federation).toString('hex')}`,
    `next, on each gateway: rumormill join ${out} --source ${safeText(source)}`,
  ].join('\n');
}

/** A federation's name made of its source's. */
function nameFrom(source: string): string {
  const made = basename(source)
    .replace(/\.csv(\.gz)?$/i, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 64)
    .replaceAll(/^-+|-+$/g, '');
  return made === '' ? 'federation' : made;
}

function checkedName(given: string): string {
  const parsed = manifestSchema.shape.name.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new OperatorError(`--name ${given}: it ${parsed.error.issues[0]?.message}; give another`);
}

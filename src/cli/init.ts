// The command `init`: writes the manifest of a new federation from data of one gateway: a CSV file, or a source that runs.
import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import { defaultColumns, type SettingName } from '../data/layout.ts';
import { OperatorError } from '../lib/errors.ts';
import { refuseExisting, writeNewFile } from '../lib/new-file.ts';
import { profileCsv } from '../node/csv-profile.ts';
import { manifestSchema } from '../node/manifest-schema.ts';
import { manifestText } from '../node/manifest-text.ts';
import type { Profile } from '../node/source-profile.ts';
import { suggestManifest } from '../node/suggested-manifest.ts';
import { exitStopped, exitSuccess } from './exit-codes.ts';
import { safeText } from './format.ts';
import { watchStopSignals } from './interrupt.ts';
import { listeningView } from './listening-view.ts';
import type { Ports } from './ports.ts';

interface InitOptions {
  out: string;
  name?: string;
  for?: number;
  deviceColumn: string;
  instanceColumn: string;
  timeColumn: string;
  labelColumn: string;
  splitColumn: string;
  ignore: string[];
}

/** How long a running source is listened to unless told otherwise: what speaks once a minute is heard. Chosen by reasoning. */
const listeningSeconds = 60;

/** Adds `rumormill init` to the program; `done` receives the exit code. */
export function addInitCommand(program: Command, ports: Ports, done: (code: number) => void): void {
  const init = program
    .command('init')
    .description('write the manifest of a new federation from data of one gateway')
    .argument(
      '<SOURCE>',
      'a .csv or .csv.gz file with a header, -, mqtt://host/topic, opc.tcp://host:4840 or a .yaml file',
    )
    .option('--out <FILE>', 'the manifest, which must not exist yet', 'federation.yaml')
    .option('--name <NAME>', 'name of the federation (default: that of the source)')
    .addOption(
      new Option('--for <SECONDS>', `listen to a running source for so long (default: ${listeningSeconds})`).argParser(
        secondsOf,
      ),
    );
  for (const [key, name] of Object.entries(defaultColumns)) {
    init.option(
      `--${key}-column <NAME>`,
      `of a CSV file: the column with the ${key}${key === 'time' ? '' : ', if any'}`,
      name,
    );
  }
  init
    .option('--ignore <COLUMN...>', 'of a CSV file: columns that are no sensors', [])
    .addHelpText(
      'after',
      `
The manifest says what all gateways agree on: sensors with units and ranges, windows, model, training and gossip. Its comments
say why each value was chosen. Read it, change what you know better, and give the same file to every gateway.

Examples:
  rumormill init plant.csv.gz
  rumormill init mqtt://broker/plant/# --for 300
  rumormill init opc.tcp://plc:4840
Ctrl-C ends the listening early; the manifest is written from what was heard.`,
    )
    .action(async (source: string, options: InitOptions) => {
      if (csvName.test(source)) {
        if (options.for !== undefined) {
          throw new OperatorError(`--for: ${source} is read from its first line to its last; leave it out`);
        }
        ports.stdout.write(`${await initFromCsv(source, options)}\n`);
        return;
      }
      const given = Object.keys(columnFlags).find((key) => init.getOptionValueSource(key) === 'cli');
      if (given !== undefined) {
        throw new OperatorError(
          `${columnFlags[given]}: is for a CSV file and ${source} is none; leave it out, or describe the source in a .yaml file`,
        );
      }
      done(await initFromSource(source, options, ports));
    });
}

const csvName = /\.csv(?:\.gz)?$/i;

/** Options that say how a CSV file is laid out, as commander calls them, and as flags. */
const columnFlags: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.keys(defaultColumns).map((key) => [`${key}Column`, `--${key}-column`])),
  ignore: '--ignore',
};

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== '' && seconds >= 1 && seconds <= 86_400) return seconds;
  throw new OperatorError(`--for ${text}: is no number of seconds from 1 to 86400; give one, such as 300`);
}

const columnFlag: SettingName = (key) => (key === 'ignore' || key === 'sensors' ? '--ignore' : `--${key}-column`);

const mend = 'give another with --out, or remove it';

async function initFromCsv(source: string, options: InitOptions): Promise<string> {
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

/** Listens to a running source; the exit code says whether it was ended early. */
async function initFromSource(source: string, options: InitOptions, ports: Ports): Promise<number> {
  // Clients of brokers and servers are loaded for this command only.
  const { readSourceConfig } = await import('../node/sources/read-source-config.ts');
  const { profileSource } = await import('../node/live-profile.ts');
  const config = await readSourceConfig(source, process.cwd());
  const name = options.name === undefined ? nameFrom(source) : checkedName(options.name);
  await refuseExisting(options.out, mend);
  const forMs = 1000 * (options.for ?? listeningSeconds);
  const view = listeningView(ports, source === '-' ? 'standard input' : source, forMs);
  const interrupt = watchStopSignals(ports, view);
  const say = (sentence: string) => view.note(safeText(sentence));
  let profile: Profile;
  try {
    profile = await profileSource(config, { forMs, say, onHeard: view.heard }, interrupt.signal);
  } finally {
    interrupt.end();
    view.end();
  }
  ports.stdout.write(`${await writeManifest(profile, name, source, options.out)}\n`);
  return interrupt.stoppedBy === undefined ? exitSuccess : exitStopped[interrupt.stoppedBy];
}

/** Writes the manifest that suits what was found in `source`, and says what to do with it. */
async function writeManifest(profile: Profile, name: string, source: string, out: string): Promise<string> {
  // libp2p, from which the manifest has its limits, is loaded for this command only.
  const { agreementOf, parseManifest } = await import('../node/manifest.ts');
  const suggested = suggestManifest(profile);
  if (suggested === undefined) {
    const why = profile.sensors.length === 0 ? 'there are no numbers in it' : 'no sensor has values at two times';
    const remedy = csvName.test(source) ? 'give data of a normal day' : 'listen for longer with --for';
    throw new OperatorError(`${source}: ${why}, so nothing can be said of its sensors; ${remedy}`);
  }
  const text = manifestText(name, shownAs(source), suggested);
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

/** A source in a comment of the manifest. */
function shownAs(source: string): string {
  if (source === '-') return 'standard input';
  return isAddress(source) ? source : basename(source);
}

function isAddress(source: string): boolean {
  return source.includes('://');
}

/** A federation's name made of its source's: of an address what stands after the host. */
function nameFrom(source: string): string {
  const words = isAddress(source) ? source.replace(/^[^:]*:\/\/[^/]*/, '') : basename(source);
  const made = words
    .replace(csvName, '')
    .replace(/\.ya?ml$/i, '')
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

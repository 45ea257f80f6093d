// What the operator names as a source to a configuration: a path, a URL, '-', or a YAML file. Owns that reading; opens no source.
import { dirname, resolve } from 'node:path';
import { type Problem, problemsError } from '../../lib/config/problem.ts';
import { SchemaLookup } from '../../lib/config/schema-lookup.ts';
import { issueProblems } from '../../lib/config/schema-problems.ts';
import { type FileKind, readConfigText, YamlFile } from '../../lib/config/yaml-file.ts';
import { OperatorError } from '../../lib/errors.ts';
import { type SourceConfig, sourceJsonSchema, sourceSchema } from './source-config.ts';

const sourceFile: FileKind = { name: 'source', firstKeys: ['kind', 'path'] };

/**
 * The source that `argument` names: a CSV file, '-' for standard input, mqtt(s)://host/topic/filter, opc.tcp://host, or a YAML
 * file. Paths in the answer are absolute: those of the command line are taken from `folder`, those in a YAML file from its
 * own folder. Throws OperatorError with one line for each problem.
 */
export async function readSourceConfig(
  argument: string,
  folder: string,
  flags: { follow?: boolean } = {},
): Promise<SourceConfig> {
  const config = await readAny(argument, folder);
  if (flags.follow !== true) return config;
  if (config.kind !== 'csv') {
    throw new OperatorError(`--follow: is for a CSV file and ${argument} is none; leave it out`);
  }
  return { ...config, follow: true };
}

async function readAny(argument: string, folder: string): Promise<SourceConfig> {
  if (argument === '-') return parseArgument({ kind: 'stdin' }, argument);
  const scheme = /^([a-z][a-z.]*):\/\//i.exec(argument)?.[1];
  if (scheme !== undefined) return ofUrl(argument, scheme);
  const path = resolve(folder, argument);
  if (/\.ya?ml$/i.test(path)) return absolute(await readYaml(path), dirname(path));
  if (/\.csv(?:\.gz)?$/i.test(path)) return parseArgument({ kind: 'csv', path }, argument);
  throw new OperatorError(
    `${argument}: is no source; give a .csv or .csv.gz file, -, mqtt://host/topic, opc.tcp://host:4840 or a .yaml file`,
  );
}

function ofUrl(argument: string, scheme: string): SourceConfig {
  if (/^[a-z.]+:\/\/[^/]*@/i.test(argument)) {
    // Not repeated in the message: it may hold a password.
    throw new OperatorError(
      `${scheme}://…: has credentials, which everyone on this machine could read; set RUMORMILL_${scheme === 'opc.tcp' ? 'OPCUA' : 'MQTT'}_USERNAME and _PASSWORD, or give a YAML file with passwordFile`,
    );
  }
  if (scheme === 'opc.tcp') return parseArgument({ kind: 'opcua', url: argument }, argument);
  if (scheme !== 'mqtt' && scheme !== 'mqtts') {
    throw new OperatorError(`${argument}: ${scheme}:// is not known; use mqtt://, mqtts:// or opc.tcp://`);
  }
  // Not by URL: a topic filter's # would be a fragment.
  const [, url, topic] = /^([a-z]+:\/\/[^/]+)\/?(.*)$/.exec(argument) ?? [];
  if (url === undefined || topic === undefined || topic === '') {
    throw new OperatorError(`${argument}: has no topic; add a topic filter as in ${scheme}://host:1883/plant/#`);
  }
  return parseArgument({ kind: 'mqtt', url, topics: [{ topic }] }, argument);
}

/** The configuration of a YAML file, its paths as they stand there. */
async function readYaml(path: string): Promise<SourceConfig> {
  const file = new YamlFile(path, await readConfigText(path, sourceFile), sourceFile);
  return parse(file.tree(), (keys) => {
    const { line } = file.deepest(keys);
    return { place: `${path}:${line}`, line };
  });
}

function absolute(config: SourceConfig, folder: string): SourceConfig {
  const path = <T extends string | undefined>(given: T): T =>
    given === undefined ? given : (resolve(folder, given) as T);
  switch (config.kind) {
    case 'csv':
      return { ...config, path: path(config.path) };
    case 'stdin':
      return config;
    case 'mqtt': {
      const { tls } = config;
      const files = tls && { ca: path(tls.ca), cert: path(tls.cert), key: path(tls.key) };
      return { ...config, passwordFile: path(config.passwordFile), tls: files };
    }
    case 'opcua': {
      const { security } = config;
      const secured = security && { ...security, certificates: path(security.certificates) };
      return { ...config, passwordFile: path(config.passwordFile), security: secured };
    }
  }
}

/** `placeOf` says where the operator finds a key. Throws OperatorError with one line for each problem. */
function parse(tree: unknown, placeOf: (keys: Problem['path']) => { place: string; line: number }): SourceConfig {
  const parsed = sourceSchema.safeParse(tree);
  if (parsed.success) return parsed.data;
  const problems = issueProblems(parsed.error.issues, tree, new SchemaLookup(sourceJsonSchema()));
  throw problemsError(problems.map(({ path, message }) => ({ ...placeOf(path), message })));
}

/** As parse(), of what the command line says. */
function parseArgument(tree: unknown, argument: string): SourceConfig {
  return parse(tree, () => ({ place: argument, line: 0 }));
}

// What the operator gives as --alerts to a configuration: a URL or a YAML file. Owns that reading; opens no connection.
import { dirname, resolve } from 'node:path';
import { type Problem, problemsError } from '../../lib/config/problem.ts';
import { jsonSchemaOf, SchemaLookup } from '../../lib/config/schema-lookup.ts';
import { issueProblems } from '../../lib/config/schema-problems.ts';
import { valueText } from '../../lib/config/wording.ts';
import { type FileKind, readConfigText, YamlFile } from '../../lib/config/yaml-file.ts';
import { OperatorError } from '../../lib/errors.ts';
import { type AlertsConfig, alertsSchemas } from './alerts-config.ts';

const alertsFile: FileKind = { name: 'alerts', firstKeys: ['kind', 'url'] };

/**
 * The target that `argument` names: mqtt(s)://host/topic, http(s)://host/path, or a YAML file. Paths in the answer are
 * absolute: the file's from `folder`, those in it from its own folder. Throws OperatorError with one line for each problem.
 */
export async function readAlertsConfig(argument: string, folder: string): Promise<AlertsConfig> {
  if (/^[a-z][a-z.+-]*:\/\//i.test(argument)) return ofUrl(argument);
  if (!/\.ya?ml$/i.test(argument)) {
    throw new OperatorError(
      `--alerts ${argument}: is no target; give mqtt://host:1883/topic, https://host/path or a .yaml file`,
    );
  }
  const path = resolve(folder, argument);
  const file = new YamlFile(path, await readConfigText(path, alertsFile), alertsFile);
  return absolute(
    validated(file.tree(), (at) => {
      const { line } = file.deepest(at);
      return { place: `${path}:${line}`, line };
    }),
    dirname(path),
  );
}

function ofUrl(argument: string): AlertsConfig {
  const scheme = argument.slice(0, argument.indexOf(':')).toLowerCase();
  if (hasCredentials(argument)) {
    // Not repeated in the message: it may hold a password.
    throw new OperatorError(
      `--alerts ${scheme}://…: has credentials, which everyone on this machine could read; set RUMORMILL_ALERTS_USERNAME and _PASSWORD, or _TOKEN, or give a YAML file with passwordFile or tokenFile`,
    );
  }
  const place = () => ({ place: `--alerts ${argument}`, line: 0 });
  if (scheme === 'http' || scheme === 'https') return validated({ kind: 'http', url: argument }, place);
  if (scheme !== 'mqtt' && scheme !== 'mqtts') {
    throw new OperatorError(
      `--alerts ${argument}: ${scheme}:// is not known; use mqtt://, mqtts://, http:// or https://`,
    );
  }
  // Not by URL: in a topic, % is itself.
  const [, url = '', topic = ''] = /^([a-z]+:\/\/[^/]*)\/?(.*)$/i.exec(argument) ?? [];
  if (topic === '') {
    throw new OperatorError(`--alerts ${argument}: has no topic; add one as in ${scheme}://host:1883/plant/alerts`);
  }
  return validated({ kind: 'mqtt', url, topic }, place);
}

function validated(
  tree: Record<string, unknown>,
  placeOf: (path: Problem['path']) => { place: string; line: number },
): AlertsConfig {
  const result = parsed(tree);
  if (!Array.isArray(result)) return result;
  throw problemsError(result.map(({ path, message }) => ({ ...placeOf(path), message })));
}

function parsed(tree: Record<string, unknown>): AlertsConfig | Problem[] {
  const { kind, url } = tree;
  if (kind !== 'mqtt' && kind !== 'http') {
    return [{ path: ['kind'], message: `kind is ${valueText(kind)}; it must be mqtt or http` }];
  }
  // Before the schema, which would repeat it.
  if (typeof url === 'string' && hasCredentials(url)) {
    const mend = kind === 'mqtt' ? 'username and passwordFile' : 'tokenFile';
    return [{ path: ['url'], message: `url has credentials; take them out and set ${mend}` }];
  }
  const schema = alertsSchemas[kind];
  const result = schema.safeParse(tree);
  if (!result.success) {
    return issueProblems(
      result.error.issues,
      tree,
      new SchemaLookup(jsonSchemaOf(schema, 'alerts', 'Where alerts go.')),
    );
  }
  const config = result.data;
  if (!URL.canParse(config.url)) {
    return [{ path: ['url'], message: `url is ${valueText(config.url)}, which is no address; check host and port` }];
  }
  if (config.tls && !/^(?:https|mqtts):/.test(config.url)) {
    return [{ path: ['tls'], message: 'tls is for mqtts:// and https:// only; leave it out or change url' }];
  }
  return config;
}

function hasCredentials(url: string): boolean {
  return /^[a-z.+-]+:\/\/[^/]*@/i.test(url);
}

function absolute(config: AlertsConfig, folder: string): AlertsConfig {
  const path = (given: string | undefined) => (given === undefined ? undefined : resolve(folder, given));
  const { tls } = config;
  const files = tls && { tls: { ca: path(tls.ca), cert: path(tls.cert), key: path(tls.key) } };
  return config.kind === 'mqtt'
    ? { ...config, ...files, passwordFile: path(config.passwordFile) }
    : { ...config, ...files, tokenFile: path(config.tokenFile) };
}

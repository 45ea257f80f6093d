// What the operator gives as --source to a configuration: a path, a URL, '-', or a YAML file. Owns that reading; opens no source.
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { messageOf, OperatorError } from '../../lib/errors.ts';
import { nearest } from '../../lib/nearest.ts';
import { type SourceConfig, sourceSchema } from './source-config.ts';

/** Largest YAML file read, in bytes. */
const yamlBytesMax = 1024 * 1024;

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
  if (argument === '-') return parse({ kind: 'stdin' }, argument);
  const scheme = /^([a-z][a-z.]*):\/\//i.exec(argument)?.[1];
  if (scheme !== undefined) return ofUrl(argument, scheme);
  const path = resolve(folder, argument);
  if (/\.ya?ml$/i.test(path)) return absolute(await readYaml(path), dirname(path));
  if (/\.csv(?:\.gz)?$/i.test(path)) return parse({ kind: 'csv', path }, argument);
  throw new OperatorError(
    `--source ${argument}: is no source; give a .csv or .csv.gz file, -, mqtt://host/topic, opc.tcp://host:4840 or a .yaml file`,
  );
}

function ofUrl(argument: string, scheme: string): SourceConfig {
  if (/^[a-z.]+:\/\/[^/]*@/i.test(argument)) {
    // Not repeated in the message: it may hold a password.
    throw new OperatorError(
      `--source ${scheme}://…: has credentials, which everyone on this machine could read; set RUMORMILL_${scheme === 'opc.tcp' ? 'OPCUA' : 'MQTT'}_USERNAME and _PASSWORD, or give a YAML file with passwordFile`,
    );
  }
  if (scheme === 'opc.tcp') return parse({ kind: 'opcua', url: argument }, argument);
  if (scheme !== 'mqtt' && scheme !== 'mqtts') {
    throw new OperatorError(`--source ${argument}: ${scheme}:// is not known; use mqtt://, mqtts:// or opc.tcp://`);
  }
  // Not by URL: a topic filter's # would be a fragment.
  const [, url, topic] = /^([a-z]+:\/\/[^/]+)\/?(.*)$/.exec(argument) ?? [];
  if (url === undefined || topic === undefined || topic === '') {
    throw new OperatorError(
      `--source ${argument}: has no topic; add a topic filter as in ${scheme}://host:1883/plant/#`,
    );
  }
  return parse({ kind: 'mqtt', url, topics: [{ topic }] }, argument);
}

/** The configuration of a YAML file, its paths as they stand there. */
async function readYaml(path: string): Promise<SourceConfig> {
  const lines = new LineCounter();
  const document = parseDocument(await textOf(path), { lineCounter: lines, prettyErrors: false });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const { line } = lines.linePos(problem.pos[0]);
    throw new OperatorError(
      `${path}:${line}: this is not YAML: ${problem.message.replaceAll(/\s+/g, ' ')}; mend it here or just above`,
    );
  }
  return parse(document.toJS(), path);
}

async function textOf(path: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new OperatorError(`${path}: cannot be read (${messageOf(error)}); check the path and its permissions`);
  }
  if (bytes.length > yamlBytesMax) throw new OperatorError(`${path}: is no source file, it has ${bytes.length} bytes`);
  return bytes.toString('utf8');
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

function parse(tree: unknown, where: string): SourceConfig {
  const parsed = sourceSchema.safeParse(tree);
  if (parsed.success) return parsed.data;
  const kind = z.object({ kind: z.string() }).safeParse(tree).data?.kind;
  throw new OperatorError(
    parsed.error.issues
      .flatMap((issue) => sentences(issue, kind))
      .map((sentence) => `${where}: ${sentence}`)
      .join('\n'),
  );
}

function sentences(issue: z.core.$ZodIssue, kind: string | undefined): string[] {
  const path = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(issue.path, kind);
    return issue.keys.map((key) => {
      const near = nearest(key, known);
      const mend = near === undefined ? `known here: ${known.join(', ')}` : `did you mean '${near}'?`;
      return `${path === '' ? key : `${path}.${key}`} is not a known key; ${mend}`;
    });
  }
  if (issue.path[0] === 'kind' || (issue.code === 'invalid_union' && path === '')) {
    return [`kind is ${kind === undefined ? 'missing' : `'${kind}'`}; it must be csv, stdin, mqtt or opcua`];
  }
  // Of a union the last alternative is the long form, and its problems say most.
  if (issue.code === 'invalid_union') {
    const inner = issue.errors.at(-1) ?? [];
    return inner.flatMap((each) => sentences({ ...each, path: [...issue.path, ...each.path] }, kind));
  }
  return [`${path === '' ? 'the file' : path}: ${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}`];
}

/** The keys that the schema knows at `path`. */
function keysAt(path: readonly PropertyKey[], kind: string | undefined): string[] {
  const schema = z.toJSONSchema(sourceSchema, { io: 'input' });
  let nodes = (schema.oneOf ?? schema.anyOf ?? []).filter(
    ({ properties }) => (properties?.kind as { const?: unknown } | undefined)?.const === kind,
  );
  for (const key of path) {
    nodes = nodes
      .flatMap((node) =>
        typeof key === 'number' ? [node.items] : [node.properties?.[String(key)] ?? node.additionalProperties],
      )
      .flatMap((node) =>
        typeof node === 'object' && !Array.isArray(node) ? [node as z.core.JSONSchema.BaseSchema] : [],
      )
      .flatMap((node) => node.anyOf ?? node.oneOf ?? [node]);
  }
  return nodes.flatMap(({ properties }) => Object.keys(properties ?? {}));
}

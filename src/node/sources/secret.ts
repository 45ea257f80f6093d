// What a configuration names and does not hold: secrets, keys, certificates. Prints nothing of what is in them.
import { readFile } from 'node:fs/promises';
import { messageOf, OperatorError } from '../../lib/errors.ts';

/** How a client shows who it is, and whom it trusts; what is not set is not there. The last three are PEM. */
export interface Credentials {
  username?: string;
  password?: string;
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
}

/** The part of a configuration that credentials come from; paths are absolute. */
export interface CredentialsConfig {
  username?: string | undefined;
  passwordFile?: string | undefined;
  tls?: { ca?: string | undefined; cert?: string | undefined; key?: string | undefined } | undefined;
}

/**
 * The credentials of a configuration; user name and password from the environment's `prefix`_USERNAME and _PASSWORD where it has
 * none. Throws OperatorError where a file of them cannot be read.
 */
export async function credentialsOf(
  { username, passwordFile, tls = {} }: CredentialsConfig,
  environment: Readonly<Record<string, string | undefined>>,
  prefix: string,
): Promise<Credentials> {
  const file = async (path: string | undefined, key: string) =>
    path === undefined ? undefined : await fileOf(path, `tls.${key}`);
  const found = {
    username: username ?? environment[`${prefix}_USERNAME`],
    password:
      passwordFile === undefined ? environment[`${prefix}_PASSWORD`] : await secretOf(passwordFile, 'passwordFile'),
    ca: await file(tls.ca, 'ca'),
    cert: await file(tls.cert, 'cert'),
    key: await file(tls.key, 'key'),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

/** The content of a file with one secret, without the line end. Throws OperatorError where it cannot be read. */
export async function secretOf(path: string, key: string): Promise<string> {
  return (await fileOf(path, key)).toString('utf8').replace(/\r?\n$/, '');
}

/** The bytes of the file that `key` of the configuration names. Throws OperatorError where it cannot be read. */
export async function fileOf(path: string, key: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new OperatorError(`${key}: ${path} cannot be read (${messageOf(error)}); check the path and its permissions`);
  }
}

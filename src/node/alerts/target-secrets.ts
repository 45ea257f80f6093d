// What a target of alerts wants to know of who delivers them. Owns where it comes from and its form; prints nothing of it.
import { createSecureContext } from 'node:tls';
import { messageOf, OperatorError } from '../../lib/errors.ts';
import { type Credentials, credentialsOf, secretOf } from '../sources/secret.ts';
import type { AlertsConfig } from './alerts-config.ts';

/** What is not set is not there. */
export interface TargetSecrets extends Credentials {
  /** Bearer token, for HTTP. */
  token?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the secrets of a configuration. Throws OperatorError where a file of them cannot be read or used. */
export async function readTargetSecrets(config: AlertsConfig, environment: Environment): Promise<TargetSecrets> {
  const credentials = await credentialsOf(config, environment, 'RUMORMILL_ALERTS');
  if (config.tls) {
    const { ca, cert, key } = credentials;
    try {
      // The first alert may be months away: what it would fail for is found now.
      createSecureContext({ ca, cert, key });
    } catch (error) {
      const files = Object.values(config.tls).join(', ');
      throw new OperatorError(`tls: ${files} cannot be used (${messageOf(error)}); give files in PEM that go together`);
    }
  }
  if (config.kind === 'mqtt') return credentials;
  const { tokenFile } = config;
  const token = tokenFile === undefined ? environment.RUMORMILL_ALERTS_TOKEN : await secretOf(tokenFile, 'tokenFile');
  if (token === undefined) return credentials;
  if (!/^[\x21-\x7e]+$/.test(token)) {
    const where = tokenFile === undefined ? 'RUMORMILL_ALERTS_TOKEN' : `tokenFile: ${tokenFile}`;
    throw new OperatorError(`${where} holds no bearer token; give one word of printable ASCII`);
  }
  return { ...credentials, token };
}

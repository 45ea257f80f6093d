// Asks the gateway that runs on this machine. Owns the connection and what its failures mean.
import { request } from 'node:http';
import type { z } from 'zod';
import { OperatorError } from '../lib/errors.ts';
import { controlSocket } from '../node/gateway/control-server.ts';

/** Where a gateway keeps its state unless told otherwise. */
export const defaultStateFolder = '.rumormill';

const timeoutMs = 5000;

/**
 * The answer of the gateway in `folder` to '/status', '/peers' or '/model'; undefined where it does not have one yet. Throws OperatorError
 * where none runs there or it does not answer.
 */
export async function askGateway<T>(folder: string, path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const { status, body } = await get(controlSocket(folder), path, folder);
  if (status === 404) return undefined;
  const parsed = status === 200 ? schema.safeParse(jsonOf(body)) : undefined;
  if (parsed?.success) return parsed.data;
  throw new OperatorError(
    `the gateway in ${folder} answers ${path} in a way that this version does not understand; use the rumormill that it runs on`,
  );
}

/** Undefined for what is no JSON, which no schema takes. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function get(socketPath: string, path: string, folder: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, timeout: timeoutMs }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', (error) => reject(explain(error, folder)));
    });
    asked.on('timeout', () => asked.destroy(new Error('timeout')));
    asked.on('error', (error: NodeJS.ErrnoException) => reject(explain(error, folder)));
    asked.end();
  });
}

function explain(error: NodeJS.ErrnoException, folder: string): OperatorError {
  switch (error.code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return new OperatorError(
        `no gateway runs with the state folder ${folder}; start one with rumormill join, or give its folder with --state`,
      );
    case 'EACCES':
      return new OperatorError(
        `the gateway in ${folder} runs for another user; ask as that user, for example with sudo -u`,
      );
    default:
      return new OperatorError(`the gateway in ${folder} does not answer (${error.message}); look at its output`);
  }
}

// Answers the commands on this machine: HTTP over a Unix socket in the state folder. Reads only; changes nothing.

import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { messageOf, OperatorError } from '../../lib/errors.ts';
import type { GatewayStatus, ModelSnapshot, PeersStatus } from './status.ts';

/** What the commands can ask. */
export interface ControlAnswers {
  status(): GatewayStatus;
  peers(): PeersStatus;
  /** Undefined until the gateway has a model and a scale. */
  model(): ModelSnapshot | undefined;
}

/** Longest path of a Unix socket on every system: 104 bytes on macOS and the BSDs, the final zero among them. */
const socketPathBytesMax = 103;

/** Where the gateway of a state folder listens. Throws OperatorError where the path is too long for a socket. */
export function controlSocket(folder: string): string {
  const path = join(folder, 'control.sock');
  if (Buffer.byteLength(path) > socketPathBytesMax) {
    throw new OperatorError(
      `--state ${folder}: the path is too long for the socket ${path}, of ${socketPathBytesMax} bytes at most; choose a shorter folder`,
    );
  }
  return path;
}

/** Serves `answers` on the folder's socket, for the owner of the folder alone, and gives a function that ends it. The folder must be this process's own. */
export async function serveControl(folder: string, answers: ControlAnswers): Promise<() => Promise<void>> {
  const path = controlSocket(folder);
  // What a gateway that was killed has left.
  await rm(path, { force: true });
  const server = createServer((request, response) => {
    const send = (code: number, body: unknown) => {
      response.writeHead(code, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
    };
    try {
      const answer = answerTo(request.url ?? '', answers);
      if (answer === undefined) send(404, { error: 'not there' });
      else send(200, answer);
    } catch (error) {
      send(500, { error: messageOf(error) });
    }
  });
  await listen(server, path);
  await chmod(path, 0o600);
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
}

function answerTo(url: string, answers: ControlAnswers): unknown {
  switch (url) {
    case '/status':
      return answers.status();
    case '/peers':
      return answers.peers();
    case '/model':
      return answers.model();
    default:
      return undefined;
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(new OperatorError(`${path}: cannot listen there (${messageOf(error)}); choose another --state folder`));
    });
    server.listen(path, resolve);
  });
}

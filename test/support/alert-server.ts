// A web server that takes alerts as a test wants it. Remembers what came; asserts nothing.
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Certificate } from './certificate.ts';
import { freePort } from './mosquitto.ts';

/** On one port of the loopback, also after it was stopped and started again. */
export class AlertServer {
  /** What was answered with a 2xx. */
  readonly bodies: string[] = [];
  /** The headers of every request. */
  readonly headers: IncomingMessage['headers'][] = [];
  readonly methods: (string | undefined)[] = [];
  readonly port: number;
  /** The status for a body; no answer at all where undefined. */
  answer: (body: string) => number | undefined = () => 204;
  private readonly certificate: Certificate | undefined;
  private server: Server | undefined;

  private constructor(port: number, certificate: Certificate | undefined) {
    this.port = port;
    this.certificate = certificate;
  }

  /** Made, and not started. */
  static async make(certificate?: Certificate): Promise<AlertServer> {
    return new AlertServer(await freePort(), certificate);
  }

  get url(): string {
    return `${this.certificate ? 'https' : 'http'}://127.0.0.1:${this.port}/hooks/plant?key=1`;
  }

  async start(): Promise<void> {
    const take: RequestListener = async (request, response) => {
      this.headers.push(request.headers);
      this.methods.push(request.method);
      let body = '';
      for await (const part of request) body += part;
      const status = this.answer(body);
      if (status === undefined) return;
      if (status >= 200 && status < 300) this.bodies.push(body);
      response.writeHead(status, status >= 300 && status < 400 ? { location: '/elsewhere' } : {}).end();
    };
    this.server = this.certificate ? createSecureServer(this.certificate, take) : createServer(take);
    await new Promise<void>((resolve) => this.server?.listen(this.port, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    server?.closeAllConnections();
    if (server) await new Promise((resolve) => server.close(resolve));
  }
}

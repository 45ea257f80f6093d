// Alerts to a web server: one POST for each. Owns what its answers mean; when to try again is the delivery's.
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { type AlertTarget, answerMs, DeliveryFailed, reasonOf } from './alert-target.ts';
import type { TargetSecrets } from './target-secrets.ts';

/** Answers that say something against the body itself. Others, such as of a token that has expired, can be mended at the other end. */
const bodyRefused: readonly number[] = [400, 413, 415, 422];

/** Posts each alert to one URL. Any 2xx is delivered. */
export class HttpTarget implements AlertTarget {
  readonly name: string;
  private readonly url: URL;
  private readonly secrets: TargetSecrets;

  constructor(url: string, secrets: TargetSecrets) {
    this.url = new URL(url);
    this.secrets = secrets;
    // Many a webhook's path is its password.
    this.name = this.url.origin;
  }

  async deliver(body: string, signal: AbortSignal): Promise<'delivered' | { refused: string }> {
    const status = await this.post(body, signal);
    if (status >= 200 && status < 300) return 'delivered';
    if (bodyRefused.includes(status)) return { refused: `HTTP ${status}` };
    // Followed, a POST would become a GET at most of them.
    const redirect = status >= 300 && status < 400 ? ', a redirect, which is not followed' : '';
    throw new DeliveryFailed(`HTTP ${status}${redirect}`);
  }

  async close(): Promise<void> {
    // Every request has a connection of its own, which ended with it.
  }

  private post(body: string, signal: AbortSignal): Promise<number> {
    const { token, ca, cert, key } = this.secrets;
    const limit = AbortSignal.timeout(answerMs);
    const send = this.url.protocol === 'https:' ? requestHttps : requestHttp;
    const bytes = Buffer.from(body);
    return new Promise((resolve, reject) => {
      const options = {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'content-length': bytes.length,
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        // Alerts are rare: a connection that was kept would be dead when the next one comes.
        agent: false,
        signal: AbortSignal.any([signal, limit]),
        ...(ca && { ca }),
        ...(cert && { cert }),
        ...(key && { key }),
      };
      const request = send(this.url, options, (response) => {
        // The status says it all.
        response.destroy();
        resolve(response.statusCode as number);
      });
      request.on('error', (error) => {
        reject(new DeliveryFailed(limit.aborted ? `no answer in ${answerMs / 1000} s` : reasonOf(error)));
      });
      request.end(bytes);
    });
  }
}

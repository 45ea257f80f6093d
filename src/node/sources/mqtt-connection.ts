// How this program connects with an MQTT 3.1.1 broker, for those who read from it and those who write to it. Opens nothing.
import { createHash } from 'node:crypto';
import type { IClientOptions } from 'mqtt';
import type { Credentials } from './secret.ts';

/** How long a broker may take to answer, before the next attempt; in milliseconds. */
export const brokerAnswerMs = 10_000;

/** The client's options for mqtt(s)://host:port; it does not reconnect by itself, so that its user can say why it has to. */
export function connectionOptions(url: string, credentials: Credentials): IClientOptions {
  const { protocol, hostname, port } = new URL(url);
  return {
    protocol: protocol === 'mqtts:' ? 'mqtts' : 'mqtt',
    // The brackets of an IPv6 address belong to the URL.
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (protocol === 'mqtts:' ? 8883 : 1883) : Number(port),
    protocolVersion: 4,
    keepalive: 30,
    connectTimeout: brokerAnswerMs,
    reconnectPeriod: 0,
    ...credentials,
  };
}

/** A client id that is the same for the same `parts`, also after a restart. */
export function stableClientId(parts: readonly unknown[]): string {
  // Brokers need to accept 23 letters and digits only (MQTT 3.1.1, section 3.1.3.1).
  return `rumormill${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 14)}`;
}

// Alerts to an MQTT 3.1.1 broker: one message for each, QoS 1, not retained. Owns the connection; when to try again is the
// delivery's.
import type { IClientOptions, MqttClient } from 'mqtt';
import { connectionOptions, stableClientId } from '../sources/mqtt-connection.ts';
import { type AlertTarget, answerMs, DeliveryFailed, reasonOf } from './alert-target.ts';
import type { MqttAlertsConfig } from './alerts-config.ts';
import type { TargetSecrets } from './target-secrets.ts';

interface Session {
  client: MqttClient;
  /** Why it ended, where that was said. */
  reason: string | undefined;
  closed: Promise<void>;
}

/** Publishes each alert on one topic; delivered is what the broker has acknowledged. The connection stays between alerts. */
export class MqttTarget implements AlertTarget {
  readonly name: string;
  private readonly topic: string;
  private readonly options: IClientOptions;
  private session: Session | undefined;

  /** @param peer the gateway's peer id: no two clients of a broker may have one client id */
  constructor({ url, topic, clientId }: MqttAlertsConfig, { token: _, ...credentials }: TargetSecrets, peer: string) {
    this.name = `${url}/${topic}`;
    this.topic = topic;
    this.options = {
      ...connectionOptions(url, credentials),
      clientId: clientId ?? stableClientId(['alerts', peer, url, topic]),
      // What was not acknowledged is in the outbox, so that neither side needs to remember the session.
      clean: true,
    };
  }

  async deliver(body: string, signal: AbortSignal): Promise<'delivered'> {
    // Loaded here: a gateway that raises no alert should not pay for it.
    const { default: mqtt } = await import('mqtt');
    this.session ??= this.opened(mqtt.connect(this.options));
    const { session } = this;
    const { client, closed } = session;
    const limit = AbortSignal.timeout(answerMs);
    const either = AbortSignal.any([signal, limit]);
    const stop = () => client.end(true);
    either.addEventListener('abort', stop, { once: true });
    if (either.aborted) stop();
    try {
      // Before the client is connected the message waits in it.
      const failure = await Promise.race([
        client.publishAsync(this.topic, body, { qos: 1, retain: false }).then(() => undefined, reasonOf),
        closed.then(() => 'the connection was closed'),
      ]);
      if (failure === undefined) return 'delivered';
      client.end(true);
      // The next delivery has a connection of its own.
      await closed;
      throw new DeliveryFailed(limit.aborted ? `no answer in ${answerMs / 1000} s` : (session.reason ?? failure));
    } finally {
      either.removeEventListener('abort', stop);
    }
  }

  async close(): Promise<void> {
    const { session } = this;
    session?.client.end(true);
    await session?.closed;
  }

  private opened(client: MqttClient): Session {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const session: Session = { client, reason: undefined, closed };
    client.on('error', (error) => {
      session.reason = reasonOf(error);
      client.end(true);
    });
    client.once('close', () => {
      client.end(true);
      if (this.session === session) this.session = undefined;
      resolve();
    });
    return session;
  }
}

// The target for a configuration. Owns the choice only.
import type { AlertTarget } from './alert-target.ts';
import type { AlertsConfig } from './alerts-config.ts';
import { HttpTarget } from './http-target.ts';
import { MqttTarget } from './mqtt-target.ts';
import type { TargetSecrets } from './target-secrets.ts';

/** Opens nothing yet. `peer` is the gateway's peer id. */
export function createTarget(config: AlertsConfig, secrets: TargetSecrets, peer: string): AlertTarget {
  return config.kind === 'mqtt' ? new MqttTarget(config, secrets, peer) : new HttpTarget(config.url, secrets);
}

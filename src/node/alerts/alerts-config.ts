// What an operator may set of where alerts go. Owns the schemas; opens nothing.
import { z } from 'zod';
import { mqttUrl, tlsFiles } from '../sources/source-config.ts';

const mqttAlerts = z.strictObject({
  kind: z.literal('mqtt'),
  url: mqttUrl,
  topic: z.string().regex(/^[^+#\0]+$/, 'must be one topic, without + and #'),
  clientId: z.string().min(1).optional(),
  /** Left out: RUMORMILL_ALERTS_USERNAME and RUMORMILL_ALERTS_PASSWORD of the environment, where they are set. */
  username: z.string().optional(),
  passwordFile: z.string().min(1).optional(),
  tls: tlsFiles.optional(),
});

const httpAlerts = z.strictObject({
  kind: z.literal('http'),
  url: z.string().regex(/^https?:\/\/[^/@\s]+(?:\/\S*)?$/, 'must be as https://host/path, without credentials'),
  /** File with a bearer token. Left out: RUMORMILL_ALERTS_TOKEN of the environment, where it is set. */
  tokenFile: z.string().min(1).optional(),
  tls: tlsFiles.optional(),
});

/** The schema of each kind of target. */
export const alertsSchemas = { mqtt: mqttAlerts, http: httpAlerts } as const;

export type MqttAlertsConfig = z.output<typeof mqttAlerts>;
export type HttpAlertsConfig = z.output<typeof httpAlerts>;

/** Where alerts go, as a file or the command line describes it; paths in it are absolute once it is read. */
export type AlertsConfig = MqttAlertsConfig | HttpAlertsConfig;

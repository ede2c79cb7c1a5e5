import { z } from 'zod';
import { isLoopback } from './addresses.ts';
import { integer, text } from './schemas.ts';

/** Settings for the metrics. */
export const METRICS_SETTINGS = {
  METRICS_PORT: integer(null, 0, 65_535),
  METRICS_HOST: text('127.0.0.1'),
  METRICS_TOKEN: z
    .string()
    .regex(
      /^[\x21-\x7e]{16,}$/,
      'must be at least 16 printable ASCII characters without blanks, as from: openssl rand -base64 32',
    )
    .optional(),
};

type MetricsEnvironment = z.output<z.ZodObject<typeof METRICS_SETTINGS>>;

/** Hosts that stand for all addresses of the machine. */
const ALL_ADDRESSES = new Set(['0.0.0.0', '::']);

/** Where the metrics are served. */
export interface MetricsSettings {
  /** Null: on the public port, for the token. */
  readonly server: { readonly host: string; readonly port: number } | null;
  /** The bearer token that requests need; null: none, because the server is on loopback. */
  readonly token: string | null;
}

/** @returns null when no metrics are kept */
export function metricsOf({
  METRICS_PORT: port,
  METRICS_HOST: host,
  METRICS_TOKEN: token,
}: MetricsEnvironment): MetricsSettings | null {
  if (port === null && token === undefined) return null;
  return Object.freeze({
    server: port === null ? null : Object.freeze({ host, port }),
    token: token ?? null,
  });
}

/** @returns a wrong combination of the settings: the name of a setting and the message; null when there is none */
export function metricsFault({
  METRICS_PORT: port,
  METRICS_HOST: host,
  METRICS_TOKEN: token,
  PORT: publicPort,
  HOST: publicHost,
}: MetricsEnvironment & { readonly PORT: number; readonly HOST: string }): readonly [string, string] | null {
  // The server that starts last would report that another process has its port.
  const isSameHost = host === publicHost || ALL_ADDRESSES.has(host) || ALL_ADDRESSES.has(publicHost);
  if (port === publicPort && port !== 0 && isSameHost) {
    return [
      'METRICS_PORT',
      `must not be PORT ${port}: choose another one, or leave it out and set METRICS_TOKEN, for metrics on PORT`,
    ];
  }
  if (!isLoopback(host) && port === null) {
    return ['METRICS_HOST', 'needs METRICS_PORT: without it the metrics have no address of their own'];
  }
  if (!isLoopback(host) && token === undefined) {
    return [
      'METRICS_TOKEN',
      `must be set, because METRICS_HOST ${host} is open to other machines; Prometheus sends it with authorization: credentials`,
    ];
  }
  return null;
}

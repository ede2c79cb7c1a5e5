import { z } from 'zod';
import { hasLoopbackHost } from './addresses.ts';
import { isOrigin, listOf, splitList } from './schemas.ts';

/** Bytes of a secret, as Standard Webhooks 1.0 requires. */
const MIN_SECRET_BYTES = 24;
const MAX_SECRET_BYTES = 64;
const PREFIX = 'whsec_';

/** Settings for webhooks. */
export const WEBHOOK_SETTINGS = {
  WEBHOOK_SECRET: webhookSecrets().optional(),
  // Read without a slash at the end.
  WEBHOOK_ORIGINS: listOf(
    isWebhookOrigin,
    'must be https origins without *, with commas in between, such as https://example.com; http is for loopback only',
  )
    .transform((origins) => Object.freeze(origins.map((origin) => new URL(origin).origin)))
    .optional(),
  WEBHOOK_ENDPOINTS_FILE: z.string().optional(),
};

type WebhookEnvironment = z.output<z.ZodObject<typeof WEBHOOK_SETTINGS>>;

/** How webhooks are signed and where they may go. */
export interface WebhookSettings {
  /** One or two, the first signs first; empty: only the endpoints of the file get webhooks. */
  readonly secrets: readonly string[];
  /** The only origins of targets; null: any public https origin. */
  readonly origins: readonly string[] | null;
  readonly endpointsFile: string | null;
}

/** One or two secrets of Standard Webhooks, separated by a comma. */
export function webhookSecrets() {
  return z
    .string()
    .transform((list) => Object.freeze(splitList(list)))
    .refine(
      (secrets) => secrets.length <= 2 && secrets.every(isWebhookSecret),
      `must be one or two secrets with a comma in between, each whsec_ and the base64 of ${MIN_SECRET_BYTES} to ${MAX_SECRET_BYTES} random bytes, as from: echo whsec_$(openssl rand -base64 32)`,
    );
}

/** @returns null when webhooks are not set up */
export function webhooksOf({
  WEBHOOK_SECRET: secrets = [],
  WEBHOOK_ORIGINS: origins,
  WEBHOOK_ENDPOINTS_FILE: endpointsFile,
}: WebhookEnvironment): WebhookSettings | null {
  if (secrets.length === 0 && endpointsFile === undefined) return null;
  return Object.freeze({ secrets, origins: origins ?? null, endpointsFile: endpointsFile ?? null });
}

function isWebhookSecret(value: string): boolean {
  const bytes = Buffer.from(value.slice(PREFIX.length), 'base64');
  // Node skips what is not base64 and needs no padding; the libraries of receivers refuse both.
  return (
    value === PREFIX + bytes.toString('base64') &&
    bytes.length >= MIN_SECRET_BYTES &&
    bytes.length <= MAX_SECRET_BYTES
  );
}

function isWebhookOrigin(value: string): boolean {
  if (!isOrigin(value)) return false;
  const url = new URL(value);
  return url.protocol === 'https:' || hasLoopbackHost(url);
}

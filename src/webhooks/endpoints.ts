import { z } from 'zod';
import { readSettingsFile } from '../config/settings-file.ts';
import { webhookSecrets } from '../config/webhooks.ts';
import { isOwnerId } from '../domain/caller.ts';
import { MAX_ENDPOINTS } from '../domain/webhooks.ts';
import type { AllowedTargets } from './allowed-targets.ts';

/** A target of an owner's webhooks that the operator has set up: it gets the end of each of the owner's jobs. */
export interface WebhookEndpoint {
  readonly owner: string;
  /** As `URL` writes it. */
  readonly url: string;
  /** One or two secrets that only this endpoint has. */
  readonly secrets: readonly string[];
}

/**
 * Reads the file: `[{ "owner": "backend", "url": "https://example.com/webhook", "secret": "whsec_…" }]`.
 *
 * @param gatewaySecrets those of WEBHOOK_SECRET, which sign messages to any URL that a caller names
 * @throws SettingsFileError that names every fault
 */
export function readEndpoints(
  path: string,
  allowed: AllowedTargets,
  gatewaySecrets: readonly string[],
): WebhookEndpoint[] {
  const entries = readSettingsFile('WEBHOOK_ENDPOINTS_FILE', path, fileSchema(allowed, gatewaySecrets));
  return entries.map(({ owner, url, secret }) => ({ owner, url, secrets: secret }));
}

function fileSchema(allowed: AllowedTargets, gatewaySecrets: readonly string[]) {
  const entry = z.strictObject({
    owner: z
      .string()
      .refine(isOwnerId, 'must be 1 to 256 characters, without control characters and blanks at its ends'),
    url: z
      .string()
      .superRefine((url, context) => {
        const message = allowed.refusalOf(url);
        if (message !== null) context.addIssue({ code: 'custom', message, input: url });
      })
      .transform((url) => URL.parse(url)?.href ?? url),
    secret: webhookSecrets().refine(
      (secrets) => !secrets.some((secret) => gatewaySecrets.includes(secret)),
      'is in WEBHOOK_SECRET too, but an endpoint needs a secret of its own',
    ),
  });
  return z
    .array(entry)
    .min(1, 'has no endpoint')
    .superRefine(checkTogether, { when: ({ value }) => Array.isArray(value) });
}

const target = z.object({ owner: z.string(), url: z.string() });

/** Compares the entries, of which some may have faults of their own: all faults are named at once. */
function checkTogether(entries: readonly unknown[], context: z.RefinementCtx): void {
  const byOwner = new Map<string, Set<string>>();
  for (const [index, entry] of entries.entries()) {
    const { owner, url } = target.safeParse(entry).data ?? {};
    if (owner === undefined || url === undefined) continue;
    const urls = byOwner.get(owner) ?? new Set();
    const message = urls.has(url)
      ? 'repeats the owner and url of an earlier entry'
      : `is over the limit of ${MAX_ENDPOINTS} endpoints of one owner`;
    if (urls.has(url) || urls.size >= MAX_ENDPOINTS)
      context.addIssue({ code: 'custom', path: [index], message, input: entries });
    byOwner.set(owner, urls.add(url));
  }
}

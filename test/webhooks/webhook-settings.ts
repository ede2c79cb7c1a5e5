import type { WebhookSettings } from '../../src/config/webhooks.ts';

/** A secret of 32 equal bytes. */
export function webhookSecret(byte: number): string {
  return `whsec_${Buffer.alloc(32, byte).toString('base64')}`;
}

export const SECRET = webhookSecret(1);

/** Settings with one secret and any public origin, unless they are changed. */
export function webhookSettings(change: Partial<WebhookSettings> = {}): WebhookSettings {
  return { secrets: [SECRET], origins: null, endpointsFile: null, ...change };
}

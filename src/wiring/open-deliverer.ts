import type { Config } from '../config/config.ts';
import { MessageClient } from '../providers/message-client.ts';
import { WebhookDeliverer } from '../webhooks/delivery/deliverer.ts';
import { messageWriter } from '../webhooks/delivery/messages.ts';
import type { GraphQLParts } from './open-graphql.ts';
import { openMessages } from './open-webhooks.ts';

type Parts = Pick<
  GraphQLParts,
  'storage' | 'webhookTargets' | 'localMedia' | 'videoUrls' | 'clock' | 'events'
>;

/** Milliseconds for one request. The two retries within 30 seconds depend on it, see `retryPauseMs`. */
const TIMEOUT_MS = 10_000;

/** The deliverer of webhooks, with its connections. */
export interface OpenedDeliverer {
  readonly deliverer: WebhookDeliverer;
  /** To be disposed after the deliverer has stopped. */
  readonly client: MessageClient;
}

/** Wires the deliverer of webhooks; the caller starts and stops it. @returns null where webhooks are not set up */
export function openDeliverer(config: Config, parts: Parts): OpenedDeliverer | null {
  const messages = openMessages(config, parts);
  if (messages === null || config.role === 'api') return null;
  const { storage, webhookTargets, clock, events } = parts;
  const client = new MessageClient({
    isTrusted: (origin) => webhookTargets.allowed.isListed(origin),
    proxy: config.proxy,
    timeoutMs: TIMEOUT_MS,
    now: () => clock.now(),
  });
  const deliverer = new WebhookDeliverer({
    deliveries: storage.deliveries,
    messageOf: messageWriter(webhookTargets, messages),
    client,
    clock,
    random: Math.random,
    events,
  });
  return { deliverer, client };
}

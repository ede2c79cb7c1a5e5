import type { Config } from '../config/config.ts';
import { ClientUrls } from '../graphql/client-urls.ts';
import { createSchema } from '../graphql/schema.ts';
import { MessageClient } from '../providers/message-client.ts';
import { WAN_MODEL } from '../providers/segmind/facts.ts';
import { WebhookDeliverer } from '../webhooks/delivery/deliverer.ts';
import { messageWriter } from '../webhooks/delivery/messages.ts';
import { WebhookMessages } from '../webhooks/message.ts';
import type { GraphQLParts } from './open-graphql.ts';

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

/** Wires the deliverer of webhooks; the caller starts and stops it. @returns null where webhooks are not set up, or not delivered */
export function openDeliverer(
  { role, webhooks, publicUrl, federation, proxy }: Config,
  { storage, webhookTargets, localMedia, videoUrls, clock, events }: Parts,
): OpenedDeliverer | null {
  if (role === 'api' || webhooks === null || publicUrl === null) return null;
  const schema = createSchema({ federation, model: WAN_MODEL });
  const messages = new WebhookMessages(schema, ClientUrls.at(publicUrl, localMedia, videoUrls));
  const client = new MessageClient({
    isTrusted: (origin) => webhookTargets.allowed.isListed(origin),
    proxy,
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

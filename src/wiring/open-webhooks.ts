import type { Config } from '../config/config.ts';
import type { LocalMedia } from '../domain/local-media.ts';
import { ClientUrls, type VideoUrls } from '../graphql/client-urls.ts';
import { createSchema } from '../graphql/schema.ts';
import { WAN_MODEL } from '../providers/segmind/facts.ts';
import { WebhookMessages } from '../webhooks/message.ts';

/** Parts that are shared with the rest of the gateway. */
export interface WebhookParts {
  readonly localMedia: LocalMedia | null;
  /** Null without an archive. */
  readonly videoUrls: VideoUrls | null;
}

/** Creates the writer of messages. Their URLs are below PUBLIC_URL. @returns null when webhooks are not set up */
export function openMessages(
  { webhooks, publicUrl, federation }: Config,
  { localMedia, videoUrls }: WebhookParts,
): WebhookMessages | null {
  if (webhooks === null || publicUrl === null) return null;
  const schema = createSchema({ federation, model: WAN_MODEL });
  return new WebhookMessages(schema, ClientUrls.at(publicUrl, localMedia, videoUrls));
}

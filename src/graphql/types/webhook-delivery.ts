import { MAX_URL } from '../../domain/request/video-request.ts';
import { webhookEvent } from '../../domain/webhooks.ts';
import type { Delivery } from '../../store/webhook-deliveries.ts';
import { type Builder, SHAREABLE } from '../builder.ts';
import { ERROR_BYTES, shortError } from '../short-error.ts';

/** Adds `WebhookDelivery`. */
export function defineWebhookDelivery(builder: Builder) {
  return builder.objectRef<Delivery>('WebhookDelivery').implement({
    description: 'The message about a job’s end to one URL.',
    extensions: SHAREABLE,
    fields: (t) => ({
      id: t.exposeID('id', { description: 'For `redeliverWebhook`; the receiver gets it as `webhook-id`.' }),
      url: t.expose('url', {
        type: 'URL',
        description: 'Where it is sent.',
        // Without other characters than ASCII.
        extensions: { maxBytes: MAX_URL },
      }),
      event: t.string({
        description: 'What the message is about: video_job.completed or video_job.failed.',
        resolve: ({ job }) => webhookEvent(job),
      }),
      attempts: t.exposeInt('attempts', {
        description: 'How often it was sent, since the last `redeliverWebhook` if there was one.',
      }),
      lastStatus: t.exposeInt('lastStatus', {
        nullable: true,
        description: 'The HTTP status of the last answer; null: there was none, or it was not sent yet.',
      }),
      lastError: t.string({
        nullable: true,
        description: 'Why the last attempt failed or was postponed, for people; null: neither.',
        extensions: { maxBytes: ERROR_BYTES },
        resolve: ({ lastError }) => lastError && shortError(lastError),
      }),
      nextAttemptAt: t.expose('nextAttemptAt', {
        type: 'DateTime',
        nullable: true,
        description: 'When it is sent next; null: it was delivered, or is not tried again.',
      }),
      deliveredAt: t.expose('deliveredAt', {
        type: 'DateTime',
        nullable: true,
        description: 'When the receiver accepted it; null: not yet, or never.',
      }),
    }),
  });
}

/** The type of `defineWebhookDelivery`. */
export type WebhookDeliveryRef = ReturnType<typeof defineWebhookDelivery>;

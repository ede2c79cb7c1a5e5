import type { Delivery } from '../../store/webhook-deliveries.ts';
import type { Builder } from '../builder.ts';
import { ERROR_BYTES, shortError } from '../short-error.ts';
import { OWNER_BYTES } from './gateway-job.ts';

/** Adds `GatewayFailingDelivery`. */
export function defineFailingDelivery(builder: Builder) {
  return builder.objectRef<Delivery>('GatewayFailingDelivery').implement({
    description: 'A webhook delivery of any owner whose last attempt failed or was postponed.',
    fields: (t) => ({
      id: t.exposeID('id', { description: 'For `redeliverWebhook`.' }),
      jobId: t.exposeID('jobId', { description: 'The job that has ended.' }),
      ownerId: t.string({
        description: 'The owner of the job.',
        extensions: { maxBytes: OWNER_BYTES },
        resolve: ({ job }) => job.ownerId,
      }),
      origin: t.string({
        description: 'The target’s scheme, host and port. The rest of its URL may be a secret of the owner.',
        extensions: { maxBytes: 2100 },
        resolve: ({ url }) => originOf(url),
      }),
      attempts: t.exposeInt('attempts', {
        description: 'How often it was sent, since the last `redeliverWebhook` if there was one.',
      }),
      lastStatus: t.exposeInt('lastStatus', {
        nullable: true,
        description: 'The HTTP status of the last answer; null: there was none.',
      }),
      lastError: t.string({
        nullable: true,
        description: 'Why the last attempt failed or was postponed, for people.',
        extensions: { maxBytes: ERROR_BYTES },
        resolve: ({ lastError }) => lastError && shortError(lastError),
      }),
      nextAttemptAt: t.expose('nextAttemptAt', {
        type: 'DateTime',
        nullable: true,
        description: 'When it is sent next; null: it was given up.',
      }),
    }),
  });
}

/** The scheme, host and port of a URL. */
export function originOf(url: string): string {
  return URL.parse(url)?.origin ?? '';
}

import { type Delivery, jobIdOfDelivery } from '../../store/webhook-deliveries.ts';
import { type Builder, INTERNAL } from '../builder.ts';
import { requireOwner, type GraphQLContext } from '../context.ts';
import { noSuchDelivery, rateLimited } from '../errors.ts';
import { originOf } from '../status/failing-delivery.ts';
import type { WebhookDeliveryRef } from '../types/webhook-delivery.ts';

/** How many values a call counts as: it causes a request to the receiver. */
const REDELIVER_COST = 100;

/** Adds `redeliverWebhook` to `Mutation`. */
export function defineRedeliverWebhook(builder: Builder, WebhookDelivery: WebhookDeliveryRef): void {
  builder.mutationFields((t) => ({
    redeliverWebhook: t.field({
      type: WebhookDelivery,
      nullable: true,
      description:
        'Sends a webhook again at once, also one that was delivered or given up. If it is not accepted, it is tried as often as a new one. An unknown delivery is refused with code NOT_FOUND. Needs the scope `video:generate`, or `gateway:admin` for any owner’s: then `url` is the origin only. Counts as a call of `generateVideo`, and is refused with code RATE_LIMITED when there are too many.',
      extensions: {
        cost: REDELIVER_COST,
        directives: { ...INTERNAL.directives, cost: { weight: REDELIVER_COST } },
      },
      args: { id: t.arg.id({ required: true, description: 'The delivery’s id.' }) },
      resolve: (_, { id }, context) => redeliverWebhook(context, id),
    }),
  }));
}

/**
 * @returns to an operator without the rest of another owner's URL, which may be a secret
 * @throws StoreUnavailableError; GraphQLError with code FORBIDDEN, RATE_LIMITED, or NOT_FOUND for an unknown delivery and that of another owner
 */
async function redeliverWebhook(
  { services: { deliveries, clock, ownerRate }, caller }: GraphQLContext,
  id: string,
): Promise<Delivery> {
  const isOperator = caller.scopes.has('gateway:admin');
  requireOwner(caller, isOperator ? 'gateway:admin' : 'video:generate');
  // One paid job must not make the gateway send any number of requests to somebody's server.
  const waitMs = await ownerRate.take(caller.ownerId);
  if (waitMs !== null) throw rateLimited('redeliverWebhook', waitMs);
  const jobId = jobIdOfDelivery(id);
  const [ofJob = []] = jobId === null ? [] : await deliveries.ofJobs([jobId]);
  const found = ofJob.find((one) => one.id === id);
  const isOwn = found?.job.ownerId === caller.ownerId;
  const due = found && (isOwn || isOperator) ? await deliveries.makeDue(id, clock.now()) : null;
  if (due === null) throw noSuchDelivery();
  return isOwn ? due : { ...due, url: originOf(due.url) };
}

import type { LeasedDelivery } from '../../store/webhook-deliveries.ts';
import type { WebhookMessages } from '../message.ts';
import { signedHeaders } from '../signatures.ts';
import type { WebhookTargets } from '../targets.ts';
import type { SignedMessage, UnsendableMessage } from './deliverer.ts';

/** Writes and signs messages. Checks the target again, because the settings may have changed since the job was accepted. */
export function messageWriter(targets: WebhookTargets, messages: WebhookMessages) {
  return (delivery: LeasedDelivery, now: number): SignedMessage | UnsendableMessage => {
    const refusal = targets.allowed.refusalOf(delivery.url);
    if (refusal !== null) return { reason: `The URL ${refusal}.` };
    const keys = targets.keysFor(delivery);
    if (keys === null)
      return { reason: 'The gateway has no secret any more that signs messages to this URL.' };
    const body = messages.bodyOf(delivery.job);
    const { traceparent } = delivery.job;
    const headers = signedHeaders(delivery.id, Math.floor(now / 1000), body, keys);
    return { body, headers: traceparent === null ? headers : { ...headers, traceparent } };
  };
}

import { htmlReply, errorReply } from '../http/reply.ts';
import type { Fault } from './fault.ts';
import { BAD_GATEWAY, TOO_MANY, TOO_MANY_RETRY_AFTER_1S, times } from './responses.ts';

/** Submissions that create no job at first. All but `down` are accepted when they are repeated. */
export const DELAYED_SUBMISSIONS: readonly Fault[] = [
  {
    name: 'rate-limit',
    description: 'submit answers 429 three times, without Retry-After',
    outcome: 'COMPLETED',
    submit: { first: times(3, TOO_MANY) },
  },
  {
    name: 'rate-limit-retry-after',
    description: 'submit answers 429 twice, with `Retry-After: 1`',
    outcome: 'COMPLETED',
    submit: { first: times(2, TOO_MANY_RETRY_AFTER_1S) },
  },
  {
    name: 'rate-limit-reset',
    description:
      'submit answers 429 twice, with an `x-rate-limit-reset-at-utc` a second ahead: ISO 8601, then epoch seconds',
    outcome: 'COMPLETED',
    submit: {
      first: [
        { kind: 'rate-limited', resetFormat: 'iso-8601' },
        { kind: 'rate-limited', resetFormat: 'epoch-seconds' },
      ],
    },
  },
  {
    name: 'server-error',
    description: 'submit answers 500 three times',
    outcome: 'COMPLETED',
    submit: { first: times(3, errorReply(500, 'Internal server error')) },
  },
  {
    name: 'bad-gateway',
    description: 'submit answers 502 with an HTML page three times',
    outcome: 'COMPLETED',
    submit: { first: times(3, BAD_GATEWAY) },
  },
  {
    name: 'cdn-403',
    description: 'submit answers 403 with the HTML page of a CDN three times',
    outcome: 'COMPLETED',
    submit: { first: times(3, htmlReply(403, '403 Forbidden')) },
  },
  {
    name: 'unavailable',
    description: 'submit answers 503 three times',
    outcome: 'COMPLETED',
    submit: { first: times(3, errorReply(503, 'Service unavailable')) },
  },
  {
    name: 'down',
    description: 'submit always answers 503',
    outcome: 'UPSTREAM_UNAVAILABLE',
    submit: { always: errorReply(503, 'Service unavailable') },
  },
];

import { page, errorReply } from '../http/reply.ts';
import type { Fault } from './fault.ts';
import { BAD_GATEWAY, TOO_MANY, TOO_MANY_FOR_A_SECOND, times } from './responses.ts';

/** Submissions that make no job at first. All but `down` get through when they are repeated. */
export const DELAYED_SUBMISSIONS: readonly Fault[] = [
  {
    name: 'rate-limit',
    what: 'submit answers 429 three times, without Retry-After',
    ends: 'COMPLETED',
    submit: { first: times(3, TOO_MANY) },
  },
  {
    name: 'rate-limit-retry-after',
    what: 'submit answers 429 twice, with `Retry-After: 1`',
    ends: 'COMPLETED',
    submit: { first: times(2, TOO_MANY_FOR_A_SECOND) },
  },
  {
    name: 'rate-limit-reset',
    what: 'submit answers 429 twice, with an `x-rate-limit-reset-at-utc` a second ahead: ISO 8601, then epoch seconds',
    ends: 'COMPLETED',
    submit: {
      first: [
        { kind: 'rate-limited', resetFormat: 'iso-8601' },
        { kind: 'rate-limited', resetFormat: 'epoch-seconds' },
      ],
    },
  },
  {
    name: 'server-error',
    what: 'submit answers 500 three times',
    ends: 'COMPLETED',
    submit: { first: times(3, errorReply(500, 'Internal server error')) },
  },
  {
    name: 'bad-gateway',
    what: 'submit answers 502 with an HTML page three times',
    ends: 'COMPLETED',
    submit: { first: times(3, BAD_GATEWAY) },
  },
  {
    name: 'cdn-403',
    what: 'submit answers 403 with the HTML page of a CDN three times',
    ends: 'COMPLETED',
    submit: { first: times(3, page(403, '403 Forbidden')) },
  },
  {
    name: 'unavailable',
    what: 'submit answers 503 three times',
    ends: 'COMPLETED',
    submit: { first: times(3, errorReply(503, 'Service unavailable')) },
  },
  {
    name: 'down',
    what: 'submit answers 503 for ever',
    ends: 'UPSTREAM_UNAVAILABLE',
    submit: { always: errorReply(503, 'Service unavailable') },
  },
];

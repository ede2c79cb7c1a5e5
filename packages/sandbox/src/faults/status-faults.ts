import { htmlReply } from '../http/reply.ts';
import type { Fault, ScriptedResponse } from './fault.ts';
import { BAD_GATEWAY, DESTROY, TOO_MANY, TOO_MANY_RETRY_AFTER_1S, UNKNOWN_ID, times } from './responses.ts';

const NULL_BODY: ScriptedResponse = {
  kind: 'bytes',
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: 'null',
};

/** Status calls that fail several times. The job itself completes. */
export const STATUS_FAULTS: readonly Fault[] = [
  {
    name: 'rate-limit-status',
    description: 'status answers 429 three times, between normal answers, once with `Retry-After: 1`',
    outcome: 'COMPLETED',
    status: [TOO_MANY, null, TOO_MANY_RETRY_AFTER_1S, null, TOO_MANY],
  },
  {
    name: 'status-error',
    description: 'status answers 502 with an HTML page four times in a row',
    outcome: 'COMPLETED',
    status: times(4, BAD_GATEWAY),
  },
  {
    name: 'status-lost',
    description: 'status breaks the connection three times in a row',
    outcome: 'COMPLETED',
    status: times(3, DESTROY),
  },
  {
    name: 'status-garbage',
    description: 'status answers 200 with HTML, `null` and truncated JSON, between normal answers',
    outcome: 'COMPLETED',
    status: [htmlReply(200, 'Just a moment'), null, NULL_BODY, null, { kind: 'truncate' }],
  },
  {
    name: 'status-word',
    description: 'status says `WARMING_UP`, an undocumented status, three times',
    outcome: 'COMPLETED',
    status: times(3, { kind: 'patch', fields: { status: 'WARMING_UP' } }),
  },
  {
    name: 'flicker-404',
    description: 'status answers 404 to the first three polls, then as usual',
    outcome: 'COMPLETED',
    status: times(3, UNKNOWN_ID),
  },
];

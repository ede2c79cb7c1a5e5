import type { Fault } from './fault.ts';
import { UNKNOWN_ID } from './responses.ts';

/** Jobs that fail, take long, or are forgotten. */
export const JOB_FAULTS: readonly Fault[] = [
  {
    name: 'content-block',
    what: 'is accepted, then fails: the content was blocked',
    ends: 'GENERATION_FAILED',
    job: { error: 'Content moderation: the input was flagged as sensitive and was not processed' },
  },
  {
    name: 'model-error',
    what: 'is accepted, then fails: the model broke down',
    ends: 'GENERATION_FAILED',
    job: { error: 'Inference failed: CUDA out of memory' },
  },
  {
    name: 'failed-200',
    what: 'is accepted, then fails; FAILED comes under HTTP 200',
    ends: 'GENERATION_FAILED',
    job: { error: 'Inference failed: CUDA out of memory' },
    afterEnd: { kind: 'patch', status: 200, fields: {} },
  },
  {
    name: 'cancelled',
    what: 'is accepted, then status says `CANCELLED` with an error text for ever',
    ends: 'GENERATION_FAILED',
    job: { error: 'The request was cancelled by the provider' },
    afterEnd: { kind: 'patch', status: 200, fields: { status: 'CANCELLED' } },
  },
  {
    name: 'completed-422',
    what: 'COMPLETED comes under HTTP 422, on status and result',
    ends: 'COMPLETED',
    afterEnd: { kind: 'patch', status: 422, fields: {} },
  },
  { name: 'slow', what: 'takes five times longer', ends: 'COMPLETED', job: { slowdown: 5 } },
  { name: 'endless', what: 'is PROCESSING for ever', ends: 'TIMED_OUT', job: { endless: true } },
  {
    name: 'status-warming',
    what: 'status says `WARMING_UP` for ever',
    ends: 'TIMED_OUT',
    job: { endless: true },
    always: { kind: 'patch', fields: { status: 'WARMING_UP' } },
  },
  {
    name: 'gzip',
    what: 'all answers about the job are compressed with gzip, whatever the request accepts',
    ends: 'COMPLETED',
    submit: { always: { kind: 'gzip' }, creates: true },
    always: { kind: 'gzip' },
  },
  {
    name: 'expired',
    what: 'is accepted and runs, but when it is done its id is unknown (404), to the request history too',
    ends: 'RESULT_EXPIRED',
    afterEnd: UNKNOWN_ID,
    history: 'hidden',
  },
];

import type { Fault } from './fault.ts';
import { UNKNOWN_ID } from './responses.ts';

/** Jobs that fail, take long, or expire early. */
export const JOB_FAULTS: readonly Fault[] = [
  {
    name: 'content-block',
    description: 'is accepted, then fails: the content was blocked',
    outcome: 'GENERATION_FAILED',
    job: { error: 'Content moderation: the input was flagged as sensitive and was not processed' },
  },
  {
    name: 'model-error',
    description: 'is accepted, then fails: the model reports an error',
    outcome: 'GENERATION_FAILED',
    job: { error: 'Inference failed: CUDA out of memory' },
  },
  {
    name: 'failed-200',
    description: 'is accepted, then fails; FAILED comes under HTTP 200',
    outcome: 'GENERATION_FAILED',
    job: { error: 'Inference failed: CUDA out of memory' },
    afterEnd: { kind: 'patch', status: 200, fields: {} },
  },
  {
    name: 'cancelled',
    description: 'is accepted, then status always says `CANCELLED` with an error text',
    outcome: 'GENERATION_FAILED',
    job: { error: 'The request was cancelled by the provider' },
    afterEnd: { kind: 'patch', status: 200, fields: { status: 'CANCELLED' } },
  },
  {
    name: 'completed-422',
    description: 'COMPLETED comes under HTTP 422, on status and result',
    outcome: 'COMPLETED',
    afterEnd: { kind: 'patch', status: 422, fields: {} },
  },
  { name: 'slow', description: 'takes five times longer', outcome: 'COMPLETED', job: { slowdown: 5 } },
  {
    name: 'endless',
    description: 'is PROCESSING and never ends',
    outcome: 'TIMED_OUT',
    job: { endless: true },
  },
  {
    name: 'status-warming',
    description: 'status always says `WARMING_UP`',
    outcome: 'TIMED_OUT',
    job: { endless: true },
    always: { kind: 'patch', fields: { status: 'WARMING_UP' } },
  },
  {
    name: 'gzip',
    description: 'all answers about the job are compressed with gzip, whatever the request accepts',
    outcome: 'COMPLETED',
    submit: { always: { kind: 'gzip' }, creates: true },
    always: { kind: 'gzip' },
  },
  {
    name: 'expired',
    description:
      'is accepted and runs, but when it is done its id is unknown (404), to the request history too',
    outcome: 'RESULT_EXPIRED',
    afterEnd: UNKNOWN_ID,
    history: 'hidden',
  },
];

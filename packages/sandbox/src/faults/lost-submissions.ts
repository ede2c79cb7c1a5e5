import { htmlReply } from '../http/reply.ts';
import type { Fault, ScriptedResponse } from './fault.ts';
import { DESTROY } from './responses.ts';

/** An error with the job's id but without its URLs. */
const ERROR_WITH_ID: ScriptedResponse = {
  kind: 'patch',
  status: 500,
  fields: {
    error: 'Internal server error',
    status: undefined,
    poll_url: undefined,
    status_url: undefined,
    response_url: undefined,
  },
};

/** Submissions whose reply does not say whether a job exists; also 202, which does. */
export const LOST_SUBMISSIONS: readonly Fault[] = [
  {
    name: 'gateway-timeout',
    description: 'submit answers 504, and yet the job was made; the request history shows it',
    outcome: 'COMPLETED',
    submit: { always: htmlReply(504, '504 Gateway Time-out'), creates: true },
  },
  {
    name: 'lost-answer',
    description:
      'the job is made, then the connection breaks before the answer; the request history shows it',
    outcome: 'COMPLETED',
    submit: { always: DESTROY, creates: true },
  },
  {
    name: 'lost-request',
    description: 'the connection breaks before a job is made, which a client cannot tell from `lost-answer`',
    outcome: 'SUBMISSION_UNKNOWN',
    submit: { always: DESTROY },
  },
  {
    name: 'lost-unlisted',
    description: 'like `lost-answer`, but the request history never shows the job',
    outcome: 'SUBMISSION_UNKNOWN',
    submit: { always: DESTROY, creates: true },
    history: 'hidden',
  },
  {
    name: 'history-broken',
    description:
      'like `lost-answer`, but the request history answers 500 when it is asked for the id of the job',
    outcome: 'SUBMISSION_UNKNOWN',
    submit: { always: DESTROY, creates: true },
    history: 'broken-by-id',
  },
  {
    name: 'teammate',
    description:
      'like `lost-answer`; the history also lists a request of a teammate with equal inputs, made a second earlier',
    outcome: 'COMPLETED',
    submit: { always: DESTROY, creates: true },
    history: 'teammate',
  },
  {
    name: 'two-rows',
    description:
      'like `lost-answer`; the history lists the job twice, as it does for a request with two outputs',
    outcome: 'COMPLETED',
    submit: { always: DESTROY, creates: true },
    history: 'two-rows',
  },
  {
    name: 'garbled-answer',
    description:
      'the job is made, but the answer to the submit is truncated JSON; the request history shows the job',
    outcome: 'COMPLETED',
    submit: { always: { kind: 'truncate' }, creates: true },
  },
  {
    name: 'no-answer',
    description:
      'the job is made, but the submit is never answered (the connection is cut after two minutes); the request history shows the job',
    outcome: 'COMPLETED',
    submit: { always: { kind: 'hang' }, creates: true },
  },
  {
    name: 'error-with-id',
    description: 'submit answers 500 with an `error` and a `request_id`, and yet the job was made',
    outcome: 'COMPLETED',
    submit: { always: ERROR_WITH_ID, creates: true },
  },
  {
    name: 'accepted-202',
    description: 'submit answers 202 instead of 200',
    outcome: 'COMPLETED',
    submit: { always: { kind: 'patch', status: 202, fields: {} }, creates: true },
  },
];

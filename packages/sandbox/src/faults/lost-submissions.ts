import { page } from '../http/reply.ts';
import type { Fault, ScriptedResponse } from './fault.ts';
import { DESTROY } from './responses.ts';

/** An error that names the job it belongs to, and none of its URLs. */
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

/** Submissions whose answer does not say whether a job was made; and 202, which does. */
export const LOST_SUBMISSIONS: readonly Fault[] = [
  {
    name: 'gateway-timeout',
    what: 'submit answers 504, and yet the job was made; the request history shows it',
    ends: 'COMPLETED',
    submit: { always: page(504, '504 Gateway Time-out'), creates: true },
  },
  {
    name: 'lost-answer',
    what: 'the job is made, then the connection breaks before the answer; the request history shows it',
    ends: 'COMPLETED',
    submit: { always: DESTROY, creates: true },
  },
  {
    name: 'lost-request',
    what: 'the connection breaks before a job is made, which a client cannot tell from `lost-answer`',
    ends: 'SUBMISSION_UNKNOWN',
    submit: { always: DESTROY },
  },
  {
    name: 'lost-unlisted',
    what: 'like `lost-answer`, but the request history never shows the job',
    ends: 'SUBMISSION_UNKNOWN',
    submit: { always: DESTROY, creates: true },
    history: 'hidden',
  },
  {
    name: 'history-broken',
    what: 'like `lost-answer`, but the request history answers 500 when it is asked for the id of the job',
    ends: 'SUBMISSION_UNKNOWN',
    submit: { always: DESTROY, creates: true },
    history: 'broken-by-id',
  },
  {
    name: 'teammate',
    what: 'like `lost-answer`; the history also lists a request of a teammate with equal inputs, made a second earlier',
    ends: 'COMPLETED',
    submit: { always: DESTROY, creates: true },
    history: 'teammate',
  },
  {
    name: 'two-rows',
    what: 'like `lost-answer`; the history lists the job twice, as it does for a request with two outputs',
    ends: 'COMPLETED',
    submit: { always: DESTROY, creates: true },
    history: 'two-rows',
  },
  {
    name: 'garbled-answer',
    what: 'the job is made, but the answer to the submit is truncated JSON; the request history shows the job',
    ends: 'COMPLETED',
    submit: { always: { kind: 'truncate' }, creates: true },
  },
  {
    name: 'no-answer',
    what: 'the job is made, but the submit is never answered (the connection is cut after two minutes); the request history shows the job',
    ends: 'COMPLETED',
    submit: { always: { kind: 'hang' }, creates: true },
  },
  {
    name: 'error-with-id',
    what: 'submit answers 500 with an `error` and a `request_id`, and yet the job was made',
    ends: 'COMPLETED',
    submit: { always: ERROR_WITH_ID, creates: true },
  },
  {
    name: 'accepted-202',
    what: 'submit answers 202 instead of 200',
    ends: 'COMPLETED',
    submit: { always: { kind: 'patch', status: 202, fields: {} }, creates: true },
  },
];

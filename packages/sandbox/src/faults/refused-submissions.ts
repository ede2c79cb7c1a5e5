import { json, errorReply } from '../http/reply.ts';
import type { Fault } from './fault.ts';

/** Submissions that are refused for good: no job is made. */
export const REFUSED_SUBMISSIONS: readonly Fault[] = [
  {
    name: 'no-credits',
    what: 'submit answers 402, as seen live',
    ends: 'INSUFFICIENT_CREDITS',
    submit: { always: errorReply(402, 'Insufficient credits. You have 0.0 credits.') },
  },
  {
    name: 'no-credits-406',
    what: 'submit answers 406, as documented',
    ends: 'INSUFFICIENT_CREDITS',
    submit: { always: errorReply(406, 'Insufficient credits') },
  },
  {
    name: 'no-credits-404',
    what: 'submit answers 404 with "No credits found"',
    ends: 'INSUFFICIENT_CREDITS',
    submit: { always: errorReply(404, 'No credits found') },
  },
  {
    name: 'spend-limit',
    what: 'submit answers 406 because the limit of a team is reached',
    ends: 'INSUFFICIENT_CREDITS',
    submit: { always: errorReply(406, 'Team spend limit reached') },
  },
  {
    name: 'refused',
    what: 'submit answers 400',
    ends: 'REJECTED',
    submit: { always: errorReply(400, 'Invalid parameters: image is not accessible') },
  },
  {
    name: 'detail-error',
    what: 'submit answers 400 with a list of `detail` objects instead of an `error`',
    ends: 'REJECTED',
    submit: { always: json(400, { detail: [{ loc: ['body', 'image'], msg: 'unreachable' }] }) },
  },
  {
    name: 'refused-406',
    what: 'submit answers 406 for a parameter, not for want of credits',
    ends: 'REJECTED',
    submit: { always: errorReply(406, 'Invalid value for parameter: steps') },
  },
  {
    name: 'refused-422',
    what: 'submit answers 422 without a `status`: an ordinary refusal, not a failed job',
    ends: 'REJECTED',
    submit: { always: errorReply(422, 'Unprocessable input') },
  },
  {
    name: 'unauthorized',
    what: 'submit answers 401',
    ends: 'UPSTREAM_UNAUTHORIZED',
    submit: { always: errorReply(401, 'Invalid API key') },
  },
  {
    name: 'forbidden',
    what: 'submit answers 403',
    ends: 'UPSTREAM_UNAUTHORIZED',
    submit: { always: errorReply(403, 'Insufficient permissions') },
  },
  {
    name: 'model-unknown',
    what: 'submit answers 404',
    ends: 'MODEL_UNAVAILABLE',
    submit: { always: errorReply(404, 'Model not found') },
  },
  {
    name: 'model-retired',
    what: 'submit answers 410',
    ends: 'MODEL_UNAVAILABLE',
    submit: { always: errorReply(410, 'This model has been retired') },
  },
];

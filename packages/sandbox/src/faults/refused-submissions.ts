import { jsonReply, errorReply } from '../http/reply.ts';
import type { Fault } from './fault.ts';

/** Submissions that are always refused: no job is created. */
export const REFUSED_SUBMISSIONS: readonly Fault[] = [
  {
    name: 'no-credits',
    description: 'submit answers 402, as observed',
    outcome: 'INSUFFICIENT_CREDITS',
    submit: { always: errorReply(402, 'Insufficient credits. You have 0.0 credits.') },
  },
  {
    name: 'no-credits-406',
    description: 'submit answers 406, as documented',
    outcome: 'INSUFFICIENT_CREDITS',
    submit: { always: errorReply(406, 'Insufficient credits') },
  },
  {
    name: 'no-credits-404',
    description: 'submit answers 404 with "No credits found"',
    outcome: 'INSUFFICIENT_CREDITS',
    submit: { always: errorReply(404, 'No credits found') },
  },
  {
    name: 'spend-limit',
    description: 'submit answers 406 because the limit of a team is reached',
    outcome: 'INSUFFICIENT_CREDITS',
    submit: { always: errorReply(406, 'Team spend limit reached') },
  },
  {
    name: 'refused',
    description: 'submit answers 400',
    outcome: 'REJECTED',
    submit: { always: errorReply(400, 'Invalid parameters: image is not accessible') },
  },
  {
    name: 'detail-error',
    description: 'submit answers 400 with a list of `detail` objects instead of an `error`',
    outcome: 'REJECTED',
    submit: { always: jsonReply(400, { detail: [{ loc: ['body', 'image'], msg: 'unreachable' }] }) },
  },
  {
    name: 'refused-406',
    description: 'submit answers 406 for an invalid parameter, not for missing credits',
    outcome: 'REJECTED',
    submit: { always: errorReply(406, 'Invalid value for parameter: steps') },
  },
  {
    name: 'refused-422',
    description: 'submit answers 422 without a `status`: an ordinary refusal, not a failed job',
    outcome: 'REJECTED',
    submit: { always: errorReply(422, 'Unprocessable input') },
  },
  {
    name: 'unauthorized',
    description: 'submit answers 401',
    outcome: 'UPSTREAM_UNAUTHORIZED',
    submit: { always: errorReply(401, 'Invalid API key') },
  },
  {
    name: 'forbidden',
    description: 'submit answers 403',
    outcome: 'UPSTREAM_UNAUTHORIZED',
    submit: { always: errorReply(403, 'Insufficient permissions') },
  },
  {
    name: 'model-unknown',
    description: 'submit answers 404',
    outcome: 'MODEL_UNAVAILABLE',
    submit: { always: errorReply(404, 'Model not found') },
  },
  {
    name: 'model-retired',
    description: 'submit answers 410',
    outcome: 'MODEL_UNAVAILABLE',
    submit: { always: errorReply(410, 'This model has been retired') },
  },
];

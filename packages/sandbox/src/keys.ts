import type { IncomingHttpHeaders } from 'node:http';
import { refusal } from './reply.ts';
import type { Reply } from './reply.ts';

/** The two keys that are turned away; any other is welcome. */
const INVALID_KEY = 'SG_invalid';
const FORBIDDEN_KEY = 'SG_forbidden';

/** The refusal that the request's key earns; null when it may pass. `Authorization` counts for nothing [docs]. */
export function checkKey(headers: IncomingHttpHeaders): Reply | null {
  const key = headers['x-api-key'];
  if (typeof key !== 'string' || key.trim() === '')
    return refusal(401, 'API key missing: send it as x-api-key');
  if (key === INVALID_KEY) return refusal(401, 'Invalid API key');
  if (key === FORBIDDEN_KEY) return refusal(403, 'Insufficient permissions');
  return null;
}

import { htmlReply, errorReply } from '../http/reply.ts';
import type { Script, ScriptedResponse } from './fault.ts';

/** Closes the connection without a reply. */
export const DESTROY: ScriptedResponse = { kind: 'destroy' };
/** The 404 of an unknown id. */
export const UNKNOWN_ID: ScriptedResponse = { kind: 'unknown-id' };
export const BAD_GATEWAY: ScriptedResponse = htmlReply(502, '502 Bad Gateway');

export const TOO_MANY: ScriptedResponse = errorReply(429, 'Too many requests');
export const TOO_MANY_RETRY_AFTER_1S: ScriptedResponse = errorReply(429, 'Too many requests', {
  'retry-after': '1',
});

/** A script with the same response `count` times. */
export function times(count: number, response: ScriptedResponse): Script {
  return Array.from({ length: count }, () => response);
}

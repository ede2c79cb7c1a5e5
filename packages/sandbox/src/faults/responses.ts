import { page, errorReply } from '../http/reply.ts';
import type { Script, ScriptedResponse } from './fault.ts';

/** The connection breaks. */
export const DESTROY: ScriptedResponse = { kind: 'destroy' };
/** The 404 of an unknown id. */
export const UNKNOWN_ID: ScriptedResponse = { kind: 'unknown-id' };
/** What a proxy in front of the API answers. */
export const BAD_GATEWAY: ScriptedResponse = page(502, '502 Bad Gateway');

export const TOO_MANY: ScriptedResponse = errorReply(429, 'Too many requests');
export const TOO_MANY_FOR_A_SECOND: ScriptedResponse = errorReply(429, 'Too many requests', {
  'retry-after': '1',
});

/** The same response so many times. */
export function times(count: number, response: ScriptedResponse): Script {
  return Array.from({ length: count }, () => response);
}

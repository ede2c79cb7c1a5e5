import { refusal } from '../../graphql/errors.ts';

/** Where the messages of a subscription are sent. */
export interface CallbackTarget {
  readonly url: URL;
  /** The router's name for the subscription. */
  readonly id: string;
  /** Proves to the router that a message is from the gateway. */
  readonly verifier: string;
  /** Milliseconds between heartbeats; 0 = none. */
  readonly heartbeatMs: number;
}

const MAX_LENGTH = 2048;
const MIN_HEARTBEAT_MS = 1000;
const MAX_HEARTBEAT_MS = 5 * 60_000;

/**
 * Reads `extensions.subscription` of a request. A caller could make the gateway POST to any URL, also inside its own networks:
 * only URLs that the operator has allowed are accepted.
 *
 * @param prefixes allowed prefixes of callback URLs: origins, with or without a path; without a slash at the end
 * @throws GraphQLError CALLBACK_NOT_ALLOWED for any other URL, BAD_REQUEST for a malformed extension
 */
export function parseTarget(extension: unknown, prefixes: readonly string[]): CallbackTarget {
  const { callbackUrl, subscriptionId, verifier, heartbeatIntervalMs = 0 } = fieldsOf(extension);
  if (!isText(callbackUrl) || !isText(subscriptionId) || !isText(verifier) || !isTime(heartbeatIntervalMs)) {
    throw refusal(
      400,
      'BAD_REQUEST',
      '`extensions.subscription` must have callbackUrl, subscriptionId and verifier, and may have heartbeatIntervalMs.',
    );
  }
  const url = URL.parse(callbackUrl);
  if (url === null || !prefixes.some((prefix) => isBelow(url, prefix))) {
    throw refusal(
      403,
      'CALLBACK_NOT_ALLOWED',
      'Callbacks to this URL are not allowed: add its origin to CALLBACK_ORIGINS.',
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw refusal(403, 'CALLBACK_NOT_ALLOWED', 'A callback URL must not have a user name or a password.');
  }
  return { url, id: subscriptionId, verifier, heartbeatMs: bounded(heartbeatIntervalMs) };
}

/**
 * Whether a URL is at the prefix or below it. Below a path only plain segments are allowed: with an escaped slash or dot, `..;` or an
 * empty segment a server may resolve the URL to a path outside of the prefix.
 */
function isBelow(url: URL, prefix: string): boolean {
  const { origin, pathname } = new URL(prefix);
  if (url.origin !== origin) return false;
  if (pathname === '/') return true;
  if (!url.pathname.startsWith(pathname)) return false;
  return PLAIN_SEGMENTS.test(url.pathname.slice(pathname.length));
}

const PLAIN_SEGMENTS = /^(?:\/[\w~-][\w.~-]*)*\/?$/;

function fieldsOf(extension: unknown): Readonly<Record<string, unknown>> {
  return typeof extension === 'object' && extension !== null ? { ...extension } : {};
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_LENGTH;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0;
}

function bounded(heartbeatMs: number): number {
  return heartbeatMs === 0 ? 0 : Math.min(Math.max(heartbeatMs, MIN_HEARTBEAT_MS), MAX_HEARTBEAT_MS);
}

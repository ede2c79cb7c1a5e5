import { GraphQLError } from 'graphql';

/** Where a router wants a subscription's messages. */
export interface CallbackTarget {
  readonly url: URL;
  /** The router's name for the subscription. */
  readonly id: string;
  /** By it the router knows that a message is from us. */
  readonly verifier: string;
  /** Milliseconds between two signs of life; 0 = none are wanted. */
  readonly heartbeatMs: number;
}

const MAX_LENGTH = 2048;
const MIN_HEARTBEAT_MS = 1000;
const MAX_HEARTBEAT_MS = 5 * 60_000;

/**
 * Reads `extensions.subscription` of a request. Whoever asks could have us POST anywhere, inside networks that only
 * we are in: so it is the operator who says where to.
 *
 * @param prefixes URLs below which may be called back: origins, or with a path; without a slash at the end
 * @throws GraphQLError CALLBACK_NOT_ALLOWED for any other URL, BAD_REQUEST for what is not such an extension
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
    throw refusal(403, 'CALLBACK_NOT_ALLOWED', 'Subscriptions are not called back at this URL.');
  }
  if (url.username !== '' || url.password !== '') {
    throw refusal(403, 'CALLBACK_NOT_ALLOWED', 'A callback URL must not have a user name or a password.');
  }
  return { url, id: subscriptionId, verifier, heartbeatMs: bounded(heartbeatIntervalMs) };
}

/**
 * Whether a URL is at the prefix or below it. Below a path only plain segments count: how an escaped slash or dot, `..;` or an
 * empty segment is read is up to the server there, and might lead out of the path.
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

function refusal(status: number, code: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code, http: { status } } });
}

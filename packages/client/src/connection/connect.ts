import { ReelgateError } from '../errors.ts';
import { abortScope, noop, orAbort } from './abort.ts';
import { backoffMs, pause } from './backoff.ts';
import type { Link, LinkEvents } from './link.ts';
import { onNetwork } from './page-events.ts';
import { isRenewable, tokenOf, type TokenSource } from './tokens.ts';

/** What `connect` needs. */
export interface ConnectOptions {
  readonly token: TokenSource;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** At least 0, less than 1. */
  readonly random: () => number;
  /** Opens a link, and starts the subscriptions on it. */
  readonly open: (token: string | null, events: Pick<LinkEvents, 'ready' | 'ended'>) => Link;
  /** The link is ready. */
  readonly onReady: () => void;
  /** The link is over. @returns whether the next attempt is by another transport, and so needs no pause */
  readonly onEnded: (wasReady: boolean) => boolean;
  /** The link was lost or could not be opened. */
  readonly onLost: (reason: ReelgateError) => void;
}

/** Milliseconds for the function that returns the token. */
const TOKEN_MS = 30_000;
/** A link that was ready for this time was healthy: the next attempt follows almost at once. */
const HEALTHY_MS = 5000;
/** Answers of another server before the client takes it for the one at the URL: of about a minute. */
const MAX_PAGES = 15;

const LOST = new ReelgateError('UNREACHABLE', 'The connection was lost.');

/** Keeps one link open. Resolves with the reason when the gateway refuses. Rejects with the reason of `signal` when it aborts. */
export async function connect(options: ConnectOptions, signal: AbortSignal): Promise<ReelgateError> {
  const { token, random, onEnded, onLost } = options;
  let failures = 0;
  /** Answers that are not GraphQL since the link was ready. None is accepted before. */
  let pages = MAX_PAGES;
  let isRenewed = false;
  for (;;) {
    const { end, readyMs } = await openOnce(options, signal);
    if (readyMs != null) {
      pages = 0;
      isRenewed = false;
      if (readyMs > HEALTHY_MS) failures = 0;
    }
    const isRefused = end.code === 'UNAUTHENTICATED';
    if (isRefused) {
      if (isRenewed || !isRenewable(token)) return end;
      isRenewed = true;
    } else {
      // The page of another server may be that of a proxy whose gateway restarts.
      if (end.code !== 'UNREACHABLE' && (end.code !== 'NOT_GRAPHQL' || pages >= MAX_PAGES)) return end;
      if (end.code === 'NOT_GRAPHQL') pages += 1;
      if (readyMs !== undefined && onEnded(readyMs !== null)) continue;
    }
    onLost(end);
    // A token that has expired is renewed at once, but not again and again.
    if (!isRefused || failures > 0) await pause(backoffMs(failures, random), signal);
    failures += 1;
  }
}

interface Attempt {
  readonly end: ReelgateError;
  /** For how long the link was ready; null: it could not be opened. Undefined: it was not tried, because there is no token. */
  readonly readyMs?: number | null;
}

/** One link, from its token to its end. */
async function openOnce(
  { token, now, open, onReady }: ConnectOptions,
  signal: AbortSignal,
): Promise<Attempt> {
  const scope = abortScope([signal], TOKEN_MS);
  let bearer: string | null;
  try {
    bearer = await tokenOf(token, scope.signal);
  } catch (cause) {
    signal.throwIfAborted();
    const end = new ReelgateError('UNREACHABLE', 'The token function failed.', { cause });
    return { end };
  } finally {
    scope.release();
  }
  signal.throwIfAborted();
  let readyAt: number | null = null;
  let link: Link | undefined;
  let ignoreOffline = noop;
  const ignoreOnline = onNetwork('online', () => link?.ping?.());
  const ended = new Promise<ReelgateError>((resolve) => {
    // The socket may not report for minutes that the network is gone.
    ignoreOffline = onNetwork('offline', () => resolve(LOST));
    try {
      link = open(bearer, {
        ready: () => {
          readyAt ??= now();
          onReady();
        },
        ended: resolve,
      });
    } catch (error) {
      // For the gateway's URL there is a TypeError. The others are of browsers that allow no WebSocket here.
      if (error instanceof TypeError) throw error;
      resolve(LOST);
    }
  });
  try {
    const end = await orAbort(ended, signal);
    return { end, readyMs: readyAt === null ? null : now() - readyAt };
  } finally {
    ignoreOffline();
    ignoreOnline();
    link?.close();
  }
}

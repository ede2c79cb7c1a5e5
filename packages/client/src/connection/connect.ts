import { ReelgateError } from '../errors.ts';
import { abortScope, noop, orAbort } from './abort.ts';
import { backoffMs, pause } from './backoff.ts';
import type { Link, LinkEnd, LinkEvents } from './link.ts';
import { onOffline, onOnline } from './page-events.ts';
import type { Tokens } from './tokens.ts';

/** What `connect` needs. */
export interface ConnectOptions {
  readonly tokens: Tokens;
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
  /** The link was lost or could not be opened. @param error of the function that returns the token; null: of the network */
  readonly onLost: (error: Error | null) => void;
}

/** Milliseconds for the function that returns the token. */
const TOKEN_MS = 30_000;
/** A link that was ready for this time was healthy: the next attempt follows almost at once. */
const HEALTHY_MS = 5000;

/** Keeps one link open. Resolves with the reason when the gateway refuses. Rejects with the reason of `signal` when it aborts. */
export async function connect(options: ConnectOptions, signal: AbortSignal): Promise<ReelgateError> {
  const { tokens, random, onEnded, onLost } = options;
  let failures = 0;
  let refusals = 0;
  let hasWorked = false;
  for (;;) {
    const { end, readyMs } = await openOnce(options, signal);
    if (readyMs !== null) {
      hasWorked = true;
      refusals = 0;
      if (readyMs > HEALTHY_MS) failures = 0;
    }
    // Later it may be the page of a proxy whose gateway restarts.
    const isRefused = end.type === 'refused' && !(hasWorked && end.code === 'NOT_GRAPHQL');
    if (isRefused) return new ReelgateError(end.code, end.message);
    if (end.type === 'unauthenticated') {
      refusals += 1;
      if (refusals > 1 || !tokens.isRenewable) return new ReelgateError('UNAUTHENTICATED', end.message);
      // A token that has expired is renewed at once.
      onLost(null);
    } else if (end.type === 'no-token' || !onEnded(readyMs !== null)) {
      onLost(end.type === 'no-token' ? end.error : null);
      await pause(backoffMs(failures, random), signal);
      failures += 1;
    }
  }
}

type AttemptEnd = LinkEnd | { readonly type: 'no-token'; readonly error: Error };

/** One link, from its token to its end. `readyMs`: for how long it was ready; null: never. */
async function openOnce(
  { tokens, now, open, onReady }: ConnectOptions,
  signal: AbortSignal,
): Promise<{ readonly end: AttemptEnd; readonly readyMs: number | null }> {
  const scope = abortScope([signal], {
    ms: TOKEN_MS,
    reason: () => new Error(`The token function has not returned within ${TOKEN_MS / 1000} seconds.`),
  });
  let token: string | null;
  try {
    token = await tokens.get(scope.signal);
  } catch (reason) {
    signal.throwIfAborted();
    const error = reason instanceof Error ? reason : new Error(String(reason));
    return { end: { type: 'no-token', error }, readyMs: null };
  } finally {
    scope.release();
  }
  let readyAt: number | null = null;
  let link: Link | undefined;
  let ignoreOffline = noop;
  const ignoreOnline = onOnline(() => link?.ping?.());
  const ended = new Promise<LinkEnd>((resolve) => {
    // The socket may not report for minutes that the network is gone.
    ignoreOffline = onOffline(() => resolve({ type: 'lost' }));
    try {
      link = open(token, {
        ready: () => {
          readyAt = now();
          onReady();
        },
        ended: resolve,
      });
    } catch (error) {
      // For the gateway's URL there is a TypeError. The others are of browsers that allow no WebSocket here.
      if (error instanceof TypeError) throw error;
      resolve({ type: 'lost' });
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

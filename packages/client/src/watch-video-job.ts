import { type GraphQLFormattedError, print } from 'graphql';
import type { Client } from 'graphql-ws';
import { VideoJobUpdatedDocument, type VideoJobFieldsFragment } from './documents.ts';
import { errorCode } from './error-code.ts';

export interface WatchVideoJobOptions {
  /** The newest version that you have. Only newer versions follow, and always the terminal one. @default 0 */
  readonly sinceVersion?: number;
  /** Ends the iteration without an error. */
  readonly signal?: AbortSignal;
}

/** The gateway refused the subscription, and a retry would not help. */
export class WatchVideoJobError extends Error {
  override readonly name = 'WatchVideoJobError';
  /** The gateway's `extensions.code`, such as `NOT_FOUND`, `UNAUTHENTICATED` or `FORBIDDEN`. */
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** Delay before a stream that ended too early is opened again. It doubles while no job arrives. */
const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 15_000;
/** Error codes of temporary errors. */
const TEMPORARY: ReadonlySet<string> = new Set([
  'STORE_UNAVAILABLE',
  'AUTH_UNAVAILABLE',
  'SERVICE_RESTART',
  'INTERNAL_SERVER_ERROR',
  'TOO_MANY_OPERATIONS',
  'TOO_MANY_STREAMS',
  'TOO_MANY_SUBSCRIPTIONS',
]);

/**
 * Watches one job: yields its current state, then newer versions in order. The iteration ends with the terminal version.
 *
 * `client` reconnects. By default it tries five times, and not at all when the gateway cannot be reached: set `retryAttempts` and
 * `shouldRetry`. After a reconnect the iteration continues from the last version. It also continues when a stream ends before the
 * job does, as with some routers.
 *
 * @throws WatchVideoJobError when the gateway refuses; the error of `client` when it stops reconnecting
 */
export async function* watchVideoJob(
  client: Client,
  id: string,
  { sinceVersion = 0, signal }: WatchVideoJobOptions = {},
): AsyncGenerator<VideoJobFieldsFragment, void, undefined> {
  // The client sends this object again after each reconnect, so it must contain the last version.
  const variables = { id, sinceVersion };
  let wait = FIRST_WAIT_MS;
  for (;;) {
    if (signal?.aborted === true) return;
    for await (const job of open(client, variables, signal)) {
      if (job.version < variables.sinceVersion || (job.version === variables.sinceVersion && !job.isTerminal))
        continue;
      wait = FIRST_WAIT_MS;
      variables.sinceVersion = job.version;
      yield job;
      if (job.isTerminal) return;
    }
    await pause(wait, signal);
    wait = Math.min(wait * 2, MAX_WAIT_MS);
  }
}

/** One stream. It ends without an error when it completes, when the gateway reports a temporary error, or when `signal` aborts. */
async function* open(
  client: Client,
  variables: { readonly id: string; readonly sinceVersion: number },
  signal: AbortSignal | undefined,
): AsyncGenerator<VideoJobFieldsFragment, void, undefined> {
  const updates = client.iterate<{ videoJobUpdated: VideoJobFieldsFragment }>({
    query: print(VideoJobUpdatedDocument),
    variables,
  });
  // While disconnected, the client's own `return` takes effect only after the next connection.
  const { promise: left, resolve } = Promise.withResolvers<null>();
  const leave = (): void => resolve(null);
  signal?.addEventListener('abort', leave, { once: true });
  try {
    for (;;) {
      const next = await Promise.race([updates.next(), left]);
      if (next === null || next.done === true) return;
      const { data, errors } = next.value;
      if (data == null) return throwUnlessTemporary(errors ?? []);
      yield data.videoJobUpdated;
    }
  } catch (error) {
    if (!Array.isArray(error)) throw error;
    // The client throws the gateway's errors as a list.
    throwUnlessTemporary(error);
  } finally {
    signal?.removeEventListener('abort', leave);
    await updates.return?.();
  }
}

function throwUnlessTemporary([error]: readonly GraphQLFormattedError[]): void {
  const code = errorCode(error);
  if (!TEMPORARY.has(code))
    throw new WatchVideoJobError(error?.message ?? 'The job cannot be watched.', code);
}

/** Resolves early when `signal` aborts. */
async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted === true) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = (): void => resolve();
  const timer = setTimeout(end, ms);
  signal?.addEventListener('abort', end);
  await promise;
  clearTimeout(timer);
  signal?.removeEventListener('abort', end);
}

import { type GraphQLFormattedError, print } from 'graphql';
import type { Client } from 'graphql-ws';
import { VideoJobUpdatedDocument, type VideoJobFieldsFragment } from './documents.ts';
import { errorCode } from './error-code.ts';

/** How to watch. */
export interface WatchVideoJobOptions {
  /** The newest version that you have: only newer ones come, and the terminal one in any case. @default 0 */
  readonly sinceVersion?: number;
  /** Ends the watching; the iteration then ends without an error. */
  readonly signal?: AbortSignal;
}

/** The gateway refused to let the job be watched, and asking again would not help. */
export class WatchVideoJobError extends Error {
  override readonly name = 'WatchVideoJobError';
  /** The gateway's `extensions.code`, such as `NOT_FOUND`, `UNAUTHENTICATED` or `FORBIDDEN`. */
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** Milliseconds before a stream that ended too early is opened again: doubled each time that it brings nothing. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
/** The gateway's errors that pass. */
const PASSING: ReadonlySet<string> = new Set([
  'STORE_UNAVAILABLE',
  'INTERNAL_SERVER_ERROR',
  'TOO_MANY_OPERATIONS',
]);

/**
 * Watches one job: its present state at once, then newer versions only, in order, and always the terminal one, with
 * which the iteration ends.
 *
 * Lost connections are the client's to make anew: by itself it tries five times, and never when nobody answers, so give
 * it `retryAttempts` and a `shouldRetry`. The watching then goes on from the last version that came. So it does when a stream ends before the job does, as some routers let it.
 *
 * @throws WatchVideoJobError when the gateway refuses; whatever `client` throws once it has given up connecting
 */
export async function* watchVideoJob(
  client: Client,
  id: string,
  { sinceVersion = 0, signal }: WatchVideoJobOptions = {},
): AsyncGenerator<VideoJobFieldsFragment, void, undefined> {
  // The client sends this same object again with each new connection, so that it always says where to go on.
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
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }
}

/** One stream; it ends by itself when it is over, was refused for the moment, or `signal` aborts. */
async function* open(
  client: Client,
  variables: { readonly id: string; readonly sinceVersion: number },
  signal: AbortSignal | undefined,
): AsyncGenerator<VideoJobFieldsFragment, void, undefined> {
  const updates = client.iterate<{ videoJobUpdated: VideoJobFieldsFragment }>({
    query: print(VideoJobUpdatedDocument),
    variables,
  });
  // The client's own `return` is heard only once it is connected again.
  const { promise: left, resolve } = Promise.withResolvers<null>();
  const leave = (): void => resolve(null);
  signal?.addEventListener('abort', leave, { once: true });
  try {
    for (;;) {
      const next = await Promise.race([updates.next(), left]);
      if (next === null || next.done === true) return;
      const { data, errors } = next.value;
      if (data == null) return throwUnlessPassing(errors ?? []);
      yield data.videoJobUpdated;
    }
  } catch (error) {
    if (!Array.isArray(error)) throw error;
    // The gateway's refusal comes as the list of its errors.
    throwUnlessPassing(error);
  } finally {
    signal?.removeEventListener('abort', leave);
    await updates.return?.();
  }
}

function throwUnlessPassing([error]: readonly GraphQLFormattedError[]): void {
  const code = errorCode(error);
  if (!PASSING.has(code)) throw new WatchVideoJobError(error?.message ?? 'The job cannot be watched.', code);
}

/** Ends early, without an error, when `signal` aborts. */
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

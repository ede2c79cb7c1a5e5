import type { Connection } from '../connection/connection.ts';

/** What tells that there is a new connection. */
export type Reconnections = Pick<Connection, 'state' | 'onChange'>;

/** Codes of refusals: another attempt with the same token and variables would be refused too. */
const REFUSALS: ReadonlySet<string> = new Set([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_ALLOWED',
  'NOT_FOUND',
  'BAD_USER_INPUT',
  'CLOSED',
]);
const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 15_000;

/**
 * Waits before another attempt: after a refusal until there is a new connection, which may have another token; else for a time that
 * doubles with each failure.
 */
export function untilRetry(
  connection: Reconnections,
  error: unknown,
  failures: number,
  signal: AbortSignal,
): Promise<void> {
  if (isRefusal(error)) return untilReconnected(connection, signal);
  const ms = Math.min(FIRST_PAUSE_MS * 2 ** failures, MAX_PAUSE_MS) * (0.75 + Math.random() / 2);
  return untilCalled((done) => {
    const timer = setTimeout(done, ms);
    return () => clearTimeout(timer);
  }, signal);
}

/** Whether the gateway refuses a request for a reason that time does not change. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && REFUSALS.has(String(error.code));
}

function untilReconnected(connection: Reconnections, signal: AbortSignal): Promise<void> {
  let before = connection.state;
  return untilCalled(
    (done) =>
      connection.onChange(() => {
        const { state } = connection;
        // An operation that was refused may have been the only one, so that the connection becomes idle. That is no reason to repeat it.
        if (before === 'refused' || state === 'connecting' || state === 'connected') done();
        before = state;
      }),
    signal,
  );
}

/** Resolves when `start` calls its argument, or when the signal aborts, and then calls what `start` returned. */
function untilCalled(start: (done: () => void) => () => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      stop();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const stop = start(done);
    signal.addEventListener('abort', done);
  });
}

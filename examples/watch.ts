import type { GenerateVideoData, GenerateVideoInput, VideoJobUpdatedData, VideoJob } from './documents.ts';

/** A client's part of the mutation: it sends the request once. It throws GatewayError, or an error of the connection. */
export type GenerateVideo = (input: GenerateVideoInput) => Promise<GenerateVideoData | null | undefined>;

/** A client's part of the subscription: it opens one stream, and returns a function that closes it. */
export type Subscribe = (
  variables: { id: string; sinceVersion: number },
  stream: Stream<VideoJobUpdatedData>,
) => () => void;

/** What a stream reports. `error` and `complete` end it. */
interface Stream<Data> {
  readonly next: (result: { data?: Data | null; errors?: readonly GraphQLFault[] }) => void;
  /** Takes a list of GraphQL errors, or anything else. */
  readonly error: (reason: unknown) => void;
  readonly complete: () => void;
}

interface GraphQLFault {
  readonly message: string;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** The gateway answered with errors. */
export class GatewayError extends Error {
  readonly codes: readonly string[];

  constructor(errors: readonly GraphQLFault[]) {
    super(errors.map(({ message }) => message).join('\n'));
    this.codes = errors.map(({ extensions }) => String(extensions?.['code']));
  }
}

/**
 * Watches a job until it is final, over lost connections and restarts of the gateway.
 *
 * @param onJob gets the job's states, each newer than the one before
 * @param onError gets the reason when the gateway refuses
 * @returns a function that stops watching
 */
export function watchVideoJob(
  subscribe: Subscribe,
  id: string,
  onJob: (job: VideoJob) => void,
  onError: (reason: unknown) => void,
): () => void {
  let newest: VideoJob | undefined;
  let failures = 0;
  let timer: ReturnType<typeof setTimeout>;
  let close: (() => void) | undefined;
  let isStopped = false;
  const open = () => {
    let hasEnded = false;
    const end = (reason?: unknown) => {
      // Some clients report the end of a stream that is closed here.
      if (hasEnded || isStopped) return;
      hasEnded = true;
      close?.();
      if (newest?.isTerminal === true) return;
      const error = toError(reason);
      if (!mayRetry(error, failures)) return onError(error);
      // A stream may end before the job does, for example when the gateway restarts.
      console.warn('The stream ended. Trying again.', error ?? '');
      timer = setTimeout(open, pauseMs(failures));
      failures += 1;
    };
    const next = ({ data, errors }: Parameters<Stream<VideoJobUpdatedData>['next']>[0]) => {
      if (data == null) return end(errors);
      const job = data.videoJobUpdated;
      if (newest !== undefined && job.version <= newest.version) return;
      newest = job;
      failures = 0;
      onJob(job);
    };
    close = subscribe(
      { id, sinceVersion: newest?.version ?? 0 },
      { next, error: end, complete: () => end() },
    );
  };
  open();
  return () => {
    isStopped = true;
    clearTimeout(timer);
    close?.();
  };
}

/** Sends a request until it is answered. The idempotency key of the request makes one job of all attempts. */
export async function untilAnswered<T>(send: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await send();
    } catch (reason) {
      const error = toError(reason);
      if (!mayRetry(error, failures)) throw error;
      console.warn('There was no answer. Trying again.', error);
      await new Promise((resolve) => setTimeout(resolve, pauseMs(failures)));
    }
  }
}

const TEMPORARY = new Set([
  'STORE_UNAVAILABLE',
  'AUTH_UNAVAILABLE',
  'SERVICE_RESTART',
  'INTERNAL_SERVER_ERROR',
]);

/** Whether to try again: after every error except a refusal. A refused token may have expired: a new one is tried once. */
function mayRetry(error: unknown, failures: number): boolean {
  if (!(error instanceof GatewayError)) return true;
  return error.codes.every(
    (code) =>
      TEMPORARY.has(code) || code.startsWith('TOO_MANY_') || (code === 'UNAUTHENTICATED' && failures === 0),
  );
}

/** graphql-ws reports a list of GraphQL errors, or the event of a closed socket. The gateway refuses a socket with 44xx. */
function toError(reason: unknown): unknown {
  if (Array.isArray(reason)) return new GatewayError(reason);
  if (!(reason instanceof CloseEvent)) return reason;
  const message = `The socket was closed: ${reason.code} ${reason.reason}`;
  if (reason.code < 4400 || reason.code >= 4500) return new Error(message);
  return new GatewayError([
    { message, extensions: { code: reason.code === 4403 ? 'UNAUTHENTICATED' : message } },
  ]);
}

/** From a quarter of a second up to ten seconds, with a random part so that clients do not return together. */
function pauseMs(failures: number): number {
  return Math.min(250 * 2 ** failures, 10_000) * (0.5 + Math.random() / 2);
}

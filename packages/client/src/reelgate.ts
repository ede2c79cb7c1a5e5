import { Client } from './client.ts';
import type { Connection } from './connection/connection.ts';
import type { VideoJobFilter } from './documents.ts';
import { randomKey } from './requests/random-key.ts';
import type { CompletedVideoJob, GenerateInput, UploadedImage, Upstream, VideoJob } from './types.ts';

/** How to reach a gateway. */
export interface ReelgateOptions {
  /** The gateway's GraphQL endpoint, such as `https://reelgate.example.com/graphql`. In a browser it may be relative to the page. */
  readonly url: string | URL;
  /**
   * A bearer token, or a function that returns one. The function is called for each request and each connection, and again when the
   * gateway refused a token or it expired: then it should return a renewed one. @default none
   */
  readonly token?: string | null | (() => string | null | Promise<string | null>);
  /**
   * Milliseconds for which a request is repeated while the gateway cannot be reached or has a temporary fault, before it rejects, for
   * example with code `UNREACHABLE`. An attempt that is not answered ends after 30 seconds. Watching has no such limit: it reconnects
   * until it is stopped. @default 60000
   */
  readonly retryForMs?: number;
}

/** Options of every request. */
export interface RequestOptions {
  /**
   * Aborts: the promise rejects with the signal's own reason. That is an AbortError after `abort()`, a TimeoutError with
   * `AbortSignal.timeout`, and else what was given to `abort`.
   */
  readonly signal?: AbortSignal | undefined;
}

export interface UploadOptions extends RequestOptions {
  /** Called with the sent share of the file, from 0 to 1. Where the platform cannot report it, only with 0 and 1. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

export interface SubmitOptions extends RequestOptions {
  /** Called with the sent share of the image, from 0 to 1, when `image` is a file. */
  readonly onUploadProgress?: ((share: number) => void) | undefined;
}

export interface GenerateOptions extends SubmitOptions {
  /** Called with each newer version of the job, the first and the last included. */
  readonly onUpdate?: ((job: VideoJob) => void) | undefined;
}

export interface WatchOptions extends RequestOptions {
  /** The newest version that the caller has. Only newer ones follow, and always the terminal one. @default 0 */
  readonly sinceVersion?: number;
}

/** A change of the caller's jobs. */
export type VideoJobChange =
  /** The changes are watched from now on: read the list now. Repeated after each lost connection, because changes meanwhile are not sent. */
  | { readonly type: 'watching' }
  | { readonly type: 'updated'; readonly job: VideoJob }
  | { readonly type: 'deleted'; readonly id: string };

export interface JobsOptions extends RequestOptions {
  /** Null: all jobs. */
  readonly filter?: VideoJobFilter | null | undefined;
  /** 1 to 100. @default 20 */
  readonly first?: number;
  /** The `endCursor` of the page before this one. */
  readonly after?: string | null | undefined;
}

/** A page of jobs, newest first. */
export interface VideoJobPage {
  readonly jobs: readonly VideoJob[];
  /** For `after`; null when there are no older jobs. */
  readonly endCursor: string | null;
}

export interface JobTokenOptions extends RequestOptions {
  /** 1 to 86400. @default 3600 */
  readonly ttlSeconds?: number;
}

export interface JobToken {
  readonly token: string;
  /** When it expires, in RFC 3339. */
  readonly expiresAt: string;
}

/**
 * A client of one gateway. All methods reject with a ReelgateError that has the gateway's code, or with the reason of their signal
 * when it aborts. An idle client holds no connection and no timer.
 */
export interface Reelgate {
  /** The state of the connection, and the way for other GraphQL clients to use it. */
  readonly connection: Connection;
  /**
   * Sends a request and waits for the video. Abort with `signal` to stop waiting: the job continues in the gateway.
   *
   * @throws VideoJobFailedError when the job fails
   */
  generate(input: GenerateInput, options?: GenerateOptions): Promise<CompletedVideoJob>;
  /**
   * Sends a request and returns the accepted job. Without an `idempotencyKey` the client makes one and repeats the request with it, so
   * that a lost answer causes no second job. The same input gets the same key until it is accepted and for two seconds afterwards.
   */
  submit(input: GenerateInput, options?: SubmitOptions): Promise<VideoJob>;
  /** Watches one job: its present state, then newer versions in order. The iteration ends after the terminal one. */
  watch(id: string, options?: WatchOptions): AsyncIterable<VideoJob>;
  /** Watches all jobs of the caller, until it is stopped. */
  watchAll(options?: RequestOptions): AsyncIterable<VideoJobChange>;
  /** One job; null when it is unknown, deleted, or another owner's. */
  job(id: string, options?: RequestOptions): Promise<VideoJob | null>;
  /** The caller's jobs, newest first, by pages. */
  jobs(options?: JobsOptions): Promise<VideoJobPage>;
  /** The bytes of a job's video that the gateway stores as base64. Null when it has none. */
  videoBytes(id: string, options?: RequestOptions): Promise<Blob | null>;
  /** Uploads a PNG, JPEG or WebP of at most 10 MiB. */
  upload(file: Blob, options?: UploadOptions): Promise<UploadedImage>;
  /** Cancels a job that was not sent to the upstream yet, and returns it. @throws ReelgateError with code `CANCEL_TOO_LATE` */
  cancel(id: string, options?: RequestOptions): Promise<VideoJob>;
  /** Deletes a job that has ended, with its video. @throws ReelgateError with code `JOB_UNFINISHED` */
  delete(id: string, options?: RequestOptions): Promise<void>;
  /** Creates a short-lived token for one job, which a backend can give to a browser. */
  createJobToken(id: string, options?: JobTokenOptions): Promise<JobToken>;
  /** The API that makes the videos. The gateway may not know the remaining credits at first: ask again after a few seconds. */
  upstream(options?: RequestOptions): Promise<Upstream>;
  /** Ends all requests and watches with code `CLOSED`, and closes the connection. */
  close(): void;
}

/** Creates a client. It connects when it is first used. */
export function createReelgate({ url, token = null, retryForMs = 60_000 }: ReelgateOptions): Reelgate {
  return new Client({
    url,
    token,
    retryForMs,
    now: () => performance.now(),
    random: Math.random,
    newKey: randomKey,
  });
}

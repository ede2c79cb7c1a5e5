import type { VideoJob } from './types.ts';

/** What an error carries beside its code and message. */
export interface ReelgateErrorDetails extends ErrorOptions {
  /** Seconds after which a retry may succeed. */
  readonly retryAfterSeconds?: number | undefined;
  /** The refused fields of an input. */
  readonly issues?: readonly { readonly path: readonly string[]; readonly message: string }[];
  /** The job that the error is about. */
  readonly job?: VideoJob;
}

/**
 * The gateway refused a request, or did not answer in time. `message` can be shown to users.
 *
 * `code` is the gateway's own code, such as `UNAUTHENTICATED`, `INVALID_INPUT` or `NOT_FOUND`. The client adds these: `UNREACHABLE`
 * (no answer within `retryForMs`), `NOT_ALLOWED` (the gateway does not allow the host of the URL or, in a browser, the page's origin),
 * `NOT_GRAPHQL` (another server answers at the URL), `CANCEL_TOO_LATE` (with `job`), `JOB_UNFINISHED` (with `job`) and `CLOSED` (after
 * `close()`).
 */
export class ReelgateError extends Error {
  override readonly name: string = 'ReelgateError';
  declare readonly code: string;
  declare readonly retryAfterSeconds: number | null;
  declare readonly issues: NonNullable<ReelgateErrorDetails['issues']>;
  declare readonly job: VideoJob | null;

  constructor(code: string, message: string, details: ReelgateErrorDetails = {}) {
    super(message, details);
    this.code = code;
    this.retryAfterSeconds = details.retryAfterSeconds ?? null;
    this.issues = details.issues ?? [];
    this.job = details.job ?? null;
  }
}

/** A job ended as FAILED. `code` is the job's failure code, such as `GENERATION_FAILED`. */
export class VideoJobFailedError extends ReelgateError {
  override readonly name = 'VideoJobFailedError';
  declare readonly job: VideoJob;

  constructor(job: VideoJob) {
    super(job.failure?.code ?? 'UNKNOWN', job.failure?.message ?? 'The job failed.', { job });
  }
}

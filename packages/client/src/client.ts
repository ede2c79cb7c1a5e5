import { noop } from './connection/abort.ts';
import type { Connection } from './connection/connection.ts';
import { GatewayConnection } from './connection/gateway-connection.ts';
import type { Sender } from './connection/post.ts';
import type { TokenSource } from './connection/tokens.ts';
import { ReelgateError, VideoJobFailedError } from './errors.ts';
import { CREATE_JOB_TOKEN, UPSTREAM, VIDEO_JOB, VIDEO_JOB_BASE64, VIDEO_JOBS } from './operations.ts';
import type {
  GenerateOptions,
  JobsOptions,
  JobToken,
  JobTokenOptions,
  Reelgate,
  RequestOptions,
  SubmitOptions,
  UploadOptions,
  VideoJobChange,
  VideoJobPage,
  WatchOptions,
} from './reelgate.ts';
import { IdempotencyKeys } from './requests/idempotency-keys.ts';
import { cancelVideoJob, deleteVideoJob, generateVideo } from './requests/mutations.ts';
import { Requests } from './requests/requests.ts';
import { SharedUploads } from './requests/shared-uploads.ts';
import { postImage } from './requests/upload.ts';
import type { CompletedVideoJob, GenerateInput, UploadedImage, Upstream, VideoJob } from './types.ts';
import { watchAll } from './watch/watch-all.ts';
import { watchJob } from './watch/watch-job.ts';

/** Options of a Client. */
export interface ClientOptions {
  readonly url: string | URL;
  readonly token: TokenSource;
  readonly retryForMs: number;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** At least 0, less than 1. */
  readonly random: () => number;
  /** Creates an idempotency key. */
  readonly newKey: () => string;
}

/** A client of one gateway. */
export class Client implements Reelgate {
  readonly connection: Connection;
  readonly #closing = new AbortController();
  readonly #sender: Sender;
  readonly #requests: Requests;
  readonly #keys: IdempotencyKeys;
  readonly #uploads: SharedUploads;

  constructor(options: ClientOptions) {
    const { now, newKey } = options;
    const closable = { ...options, closed: this.#closing.signal };
    this.#sender = closable;
    this.connection = new GatewayConnection(closable);
    this.#requests = new Requests({ ...closable, connection: this.connection });
    this.#keys = new IdempotencyKeys(now, newKey);
    this.#uploads = new SharedUploads(
      (file, onProgress, signal) => this.upload(file, { onProgress, signal }),
      now,
    );
  }

  async generate(input: GenerateInput, options: GenerateOptions = {}): Promise<CompletedVideoJob> {
    const { onUpdate, signal } = options;
    let job = await this.submit(input, options);
    onUpdate?.(job);
    if (!job.isTerminal) {
      for await (job of this.watch(job.id, { sinceVersion: job.version, signal })) onUpdate?.(job);
    }
    if (!isCompleted(job)) throw new VideoJobFailedError(job);
    return job;
  }

  async submit(
    input: GenerateInput,
    { onUploadProgress = noop, signal }: SubmitOptions = {},
  ): Promise<VideoJob> {
    // The start deadline and the webhook are not part of the request: with others it must not make a second job.
    const { image, startBefore: _deadline, webhookUrl: _webhook, idempotencyKey, ...rest } = input;
    // The gateway refuses a missing image: `input.files[0]` without a file.
    const url = isFile(image)
      ? await this.#uploads.urlOf(image, onUploadProgress, signal ?? this.#closing.signal)
      : String(image);
    const request = { ...rest, image: url };
    const key = idempotencyKey ?? this.#keys.keyFor(request);
    const job = await generateVideo(this.#requests, { ...input, image: url, idempotencyKey: key }, signal);
    this.#keys.accepted(request, key);
    return job;
  }

  watch(id: string, { sinceVersion = 0, signal }: WatchOptions = {}): AsyncIterable<VideoJob> {
    return watchJob(this.connection, id, sinceVersion, signal);
  }

  watchAll({ signal }: RequestOptions = {}): AsyncIterable<VideoJobChange> {
    return watchAll(this.connection, signal);
  }

  async job(id: string, { signal }: RequestOptions = {}): Promise<VideoJob | null> {
    const { videoJob } = await this.#requests.run(VIDEO_JOB, { id }, signal);
    return videoJob;
  }

  async jobs({ filter, first = 20, after, signal }: JobsOptions = {}): Promise<VideoJobPage> {
    const { videoJobs } = await this.#requests.run(VIDEO_JOBS, { first, after, filter }, signal);
    const { hasNextPage, endCursor } = videoJobs.pageInfo;
    return { jobs: videoJobs.nodes, endCursor: hasNextPage ? endCursor : null };
  }

  async upstream({ signal }: RequestOptions = {}): Promise<Upstream> {
    const { upstream } = await this.#requests.run(UPSTREAM, {}, signal);
    return upstream;
  }

  async videoBytes(id: string, { signal }: RequestOptions = {}): Promise<Blob | null> {
    const { videoJob } = await this.#requests.run(VIDEO_JOB_BASE64, { id }, signal);
    const video = videoJob?.video;
    if (video?.base64 == null) return null;
    const bytes = Uint8Array.from(atob(video.base64), (character) => character.charCodeAt(0));
    return new Blob([bytes], { type: video.contentType });
  }

  async upload(file: Blob, { onProgress = noop, signal }: UploadOptions = {}): Promise<UploadedImage> {
    return this.#requests.repeat(
      (attempt) => postImage(this.#sender, file, onProgress, attempt),
      signal,
      true,
    );
  }

  async cancel(id: string, { signal }: RequestOptions = {}): Promise<VideoJob> {
    return cancelVideoJob(this.#requests, id, signal);
  }

  async delete(id: string, { signal }: RequestOptions = {}): Promise<void> {
    return deleteVideoJob(this.#requests, id, signal);
  }

  async createJobToken(id: string, { ttlSeconds, signal }: JobTokenOptions = {}): Promise<JobToken> {
    const { createJobToken } = await this.#requests.run(CREATE_JOB_TOKEN, { id, ttlSeconds }, signal);
    return createJobToken;
  }

  close(): void {
    this.#closing.abort(new ReelgateError('CLOSED', 'The client is closed.'));
  }
}

function isCompleted(job: VideoJob): job is CompletedVideoJob {
  return job.video !== null;
}

/** Not `instanceof Blob`, which is false for a file of another frame. */
function isFile(image: unknown): image is Blob {
  return 'size' in Object(image);
}

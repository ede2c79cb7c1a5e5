import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { LRUCache } from 'lru-cache';
import type { BlobStore } from '../../../archive/blob-store.ts';
import type { VideoSignatures } from '../../../auth/video-signatures.ts';
import type { Clock } from '../../../domain/clock.ts';
import type { Job, JobVideo } from '../../../domain/job/job.ts';
import { parseVideoPath } from '../../../domain/video-url.ts';
import { emitFault } from '../../../events/emit-fault.ts';
import type { EventEmitter } from '../../../events/gateway-events.ts';
import type { FileClient } from '../../../providers/files/file-client.ts';
import { type Jobs, StoreUnavailableError } from '../../../store/job-store.ts';
import { sendJson } from '../send-json.ts';
import { ArchiveReader } from './archive-reader.ts';
import { parseRange } from './byte-range.ts';
import { attachment } from './content-disposition.ts';
import { exactBytes, type StreamPart } from './exact-bytes.ts';
import { FILE_CORS, type FileRequests } from './file-requests.ts';
import { openAtUpstream } from './pass-through.ts';
import { evaluate, isRangeCurrent, type Validators } from './preconditions.ts';
import { Transfer, type TransferTimes } from './transfer.ts';
import { openInline, type OpenedVideo, type SourceAnswer, type VideoQuery } from './video-source.ts';

/** Options of the videos. */
export interface VideoFilesOptions {
  readonly signatures: Pick<VideoSignatures, 'verify'>;
  readonly store: Pick<Jobs, 'getMany' | 'getVideoData'>;
  readonly archive: BlobStore;
  readonly files: Pick<FileClient, 'fetch'>;
  readonly clock: Clock;
  /** Milliseconds for which a finished job is kept. */
  readonly retentionMs: number;
  readonly events: EventEmitter;
  readonly requests: FileRequests;
  /** @default 60 seconds, 15 minutes */
  readonly times?: TransferTimes;
}

const TIMES: TransferTimes = { idleMs: 60_000, totalMs: 15 * 60_000 };
/** Lost videos that were reported; past it the oldest may be reported again. */
const MAX_REPORTED = 10_000;
/** Seconds for which the client itself may keep a video. No shared cache may: it would outlive the job. */
const CACHE_SECONDS = 3600;
/**
 * The file is a video or nothing. As a page it could do nothing: no scripts, no forms, an origin of its own. The browser's own player
 * loads the video again and has inline styles.
 */
const POLICY = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors *; sandbox";
/** The same for a wrong signature, an unknown job and a deleted one. */
const NOT_FOUND = {
  error: 'There is no such video: its job was deleted or has expired, or the URL is not valid.',
};
const EXTENSIONS: Readonly<Record<string, string>> = { 'video/webm': '.webm', 'video/quicktime': '.mov' };

type CompletedJob = Job & { readonly video: JobVideo };

/**
 * Serves the videos of jobs at signed URLs: from the archive; until they are there from the upstream, or from the store's base64. All
 * sources give the same bytes, headers and ranges.
 */
export class VideoFiles {
  readonly #options: VideoFilesOptions;
  readonly #archive: ArchiveReader;
  readonly #lost = new LRUCache<string, true>({ max: MAX_REPORTED });

  constructor(options: VideoFilesOptions) {
    this.#options = options;
    this.#archive = new ArchiveReader(options);
  }

  /** @param path below `VIDEO_PATH` */
  async serve(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    await this.#options.requests.answer(path, request, response, async (method, onSent) => {
      try {
        const job = await this.#find(path);
        if (job === null) sendJson(response, 404, NOT_FOUND, FILE_CORS);
        else await this.#send(job, method, request, response, onSent);
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) throw error;
        sendUnavailable(response, 503, 'The store of the gateway is unavailable.');
      }
    });
  }

  /** @returns null when the URL is not that of a video @throws StoreUnavailableError */
  async #find(path: string): Promise<CompletedJob | null> {
    const { signatures, store } = this.#options;
    const parts = parseVideoPath(path);
    if (parts === null || !(await signatures.verify(parts.jobId, parts.signature))) return null;
    const [job = null] = await store.getMany([parts.jobId]);
    return job !== null && hasVideo(job) ? job : null;
  }

  async #send(
    job: CompletedJob,
    method: 'GET' | 'HEAD',
    request: IncomingMessage,
    response: ServerResponse,
    onSent: (bytes: number) => void,
  ): Promise<void> {
    const validators = validatorsOf(job);
    const headers = this.#headersOf(job, validators);
    const condition = evaluate(request.headers, validators);
    if (condition === 'not-modified') return void response.writeHead(304, headers).end();
    if (condition === 'failed') {
      return sendJson(
        response,
        412,
        { error: 'If-Match or If-Unmodified-Since does not match the video.' },
        FILE_CORS,
      );
    }
    const range =
      method === 'GET' && isRangeCurrent(request.headers, validators)
        ? parseRange(request.headers.range)
        : null;
    using transfer = new Transfer(response, this.#options.times ?? TIMES, onSent);
    const answer = await this.#open(job, {
      jobId: job.id,
      range,
      withBody: method === 'GET',
      signal: transfer.signal,
    });
    if (answer.type !== 'opened') return this.#refuse(answer, job, response);
    const disposition = dispositionOf(job, request.url ?? '');
    response.writeHead(answer.range === null ? 200 : 206, {
      ...headers,
      ...lengthHeaders(answer),
      ...(disposition === null ? {} : { 'content-disposition': disposition }),
    });
    if (answer.body === null) return void response.end();
    await this.#transfer(job, answer.part, answer.body, response, transfer);
  }

  async #transfer(
    { id: jobId }: CompletedJob,
    part: StreamPart,
    body: Readable,
    response: ServerResponse,
    transfer: Transfer,
  ): Promise<void> {
    const { signal } = transfer;
    try {
      await pipeline(
        exactBytes(body, part, (bytes) => transfer.progress(bytes)),
        response,
        { signal },
      );
    } catch (error) {
      // The answer has begun: only its end can tell the client.
      if (!signal.aborted)
        emitFault(this.#options.events, 'server', 'error', 'a video could not be sent to its end', {
          err: error,
          jobId,
        });
      response.destroy();
    } finally {
      body.destroy();
    }
  }

  /** @throws StoreUnavailableError */
  async #open(job: CompletedJob, query: VideoQuery): Promise<SourceAnswer> {
    const archived = await this.#archive.open(query);
    if (archived.type === 'opened' || archived.type === 'out-of-range') return archived;
    const original = await this.#openOriginal(job, query);
    if (original.type === 'opened' || original.type === 'out-of-range') return original;
    if (archived.type === 'unavailable') return archived;
    // It may have been archived meanwhile: then the store's base64 is deleted.
    return original.type === 'missing' ? this.#archive.open(query) : original;
  }

  #openOriginal({ video }: CompletedJob, query: VideoQuery): Promise<SourceAnswer> {
    const { store, files } = this.#options;
    if (video.inline) return openInline(store, query);
    if (video.url === null) return Promise.resolve({ type: 'missing' });
    return openAtUpstream(files, video.url, video.byteLength, query);
  }

  #refuse(
    answer: Exclude<SourceAnswer, OpenedVideo>,
    { id: jobId }: CompletedJob,
    response: ServerResponse,
  ): void {
    if (response.closed) return;
    if (answer.type === 'out-of-range') {
      const range: Readonly<Record<string, string>> =
        answer.length === null ? {} : { 'content-range': `bytes */${answer.length}` };
      return sendJson(
        response,
        416,
        { error: 'The video does not have the requested bytes.' },
        { ...FILE_CORS, ...range },
      );
    }
    if (answer.type === 'missing') {
      this.#reportLost(jobId);
      const error = 'The video is neither in the archive nor at the upstream any more.';
      return sendJson(response, 410, { error }, FILE_CORS);
    }
    emitFault(this.#options.events, 'server', 'error', 'a video could not be read', {
      err: answer.cause,
      jobId,
    });
    sendUnavailable(response, 502, answer.message);
  }

  /** Once a job: players repeat their requests. */
  #reportLost(jobId: string): void {
    if (this.#lost.has(jobId)) return;
    this.#lost.set(jobId, true);
    emitFault(
      this.#options.events,
      'server',
      'error',
      'a video is lost: neither the archive nor the upstream has it',
      { jobId },
    );
  }

  #headersOf(
    { video, finishedAt }: CompletedJob,
    { etag, lastModified }: Validators,
  ): Record<string, string> {
    const { clock, retentionMs } = this.#options;
    const left = Math.floor(((finishedAt ?? 0) + retentionMs - clock.now()) / 1000);
    return {
      ...FILE_CORS,
      'accept-ranges': 'bytes',
      'cache-control': `private, max-age=${Math.max(0, Math.min(CACHE_SECONDS, left))}`,
      'content-security-policy': POLICY,
      'content-type': mediaTypeOf(video),
      'last-modified': lastModified,
      'x-content-type-options': 'nosniff',
      etag,
    };
  }
}

function hasVideo(job: Job): job is CompletedJob {
  return job.phase === 'completed' && job.video !== null;
}

/** A job's video never changes, so the id of the job identifies its bytes. */
function validatorsOf({ id, finishedAt, updatedAt }: CompletedJob): Validators {
  return { etag: `"${id}"`, lastModified: new Date(finishedAt ?? updatedAt).toUTCString() };
}

/** Any other type could be a page. */
function mediaTypeOf({ contentType }: JobVideo): string {
  const [type = ''] = contentType.toLowerCase().split(';', 1);
  return /^video\/[\w.+-]+$/.test(type) ? type : 'video/mp4';
}

function lengthHeaders({ range, length, part }: OpenedVideo): Record<string, string> {
  const bytes = range === null ? length : part.length;
  return {
    ...(bytes === null ? {} : { 'content-length': String(bytes) }),
    ...(range === null ? {} : { 'content-range': `bytes ${range.start}-${range.end}/${length ?? '*'}` }),
  };
}

/** Null when the request does not ask for a download. */
function dispositionOf({ id, video }: CompletedJob, url: string): string | null {
  const name = new URLSearchParams(url.split('?', 2)[1] ?? '').get('download');
  return name === null ? null : attachment(name, id, EXTENSIONS[mediaTypeOf(video)] ?? '.mp4');
}

function sendUnavailable(response: ServerResponse, status: 502 | 503, message: string): void {
  sendJson(response, status, { error: `${message} Try again later.` }, { ...FILE_CORS, 'retry-after': '10' });
}

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { encodeVideo } from '../../../packages/sandbox/src/video/encode-video.ts';
import { placeholderRaster } from '../../../packages/sandbox/src/video/raster.ts';
import { listenOnFreePort } from '../network/ports.ts';

/** Options of the upstream. */
export interface FileUpstreamOptions {
  /** Milliseconds from submission to completion. @default 300 */
  readonly runMs?: number;
  /** Whether downloads fail at first: one in four is cut, refused or stalls. @default false */
  readonly hasFaults?: boolean;
}

interface UpstreamJob {
  readonly createdAt: number;
  readonly isBase64: boolean;
}

/** What happens to the first download of a file. */
const FAULTS = ['cut', 'unavailable', 'stalled', ...Array.from({ length: 9 }, () => null)] as const;
const STALL_MS = 1500;
/** A file's own bytes beside the shared video. */
const MAX_OWN_BYTES = 60_000;
const BOX_HEAD_BYTES = 8;

/**
 * A model API whose videos are real MP4 files of different lengths, served from its own origin until it forgets them, as the real one does
 * after some days.
 */
export class FileUpstream implements AsyncDisposable {
  /** Downloads that were answered with a file or a part of it. */
  downloads = 0;
  url = '';
  readonly #options: FileUpstreamOptions;
  readonly #video: Uint8Array;
  readonly #jobs = new Map<string, UpstreamJob>();
  readonly #downloaded = new Set<string>();
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch(() => response.destroy());
  });

  private constructor(options: FileUpstreamOptions, video: Uint8Array) {
    this.#options = options;
    this.#video = video;
  }

  static async start(options: FileUpstreamOptions = {}): Promise<FileUpstream> {
    const video = await encodeVideo(await placeholderRaster('a cat', 360), 1, 1);
    const upstream = new FileUpstream(options, video);
    upstream.url = `http://127.0.0.1:${await listenOnFreePort(upstream.#server)}`;
    return upstream;
  }

  /** The bytes of a job's file: the shared video, and a box of its own that players skip. */
  fileOf(id: string): Buffer {
    const digest = createHash('sha256').update(id).digest();
    const own = Buffer.alloc(BOX_HEAD_BYTES + (digest.readUInt32BE(0) % MAX_OWN_BYTES), digest);
    own.writeUInt32BE(own.length, 0);
    own.write('free', 4, 'latin1');
    return Buffer.concat([this.#video, own]);
  }

  /** Deletes all jobs and files. */
  forget(): void {
    this.#jobs.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const json = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.method === 'POST') {
      const inputs: { base64?: unknown } = JSON.parse(await text(request));
      const id = crypto.randomUUID().replaceAll('-', '');
      this.#jobs.set(id, { createdAt: Date.now(), isBase64: inputs.base64 === true });
      return json(200, { request_id: id, status: 'QUEUED' });
    }
    const { pathname } = new URL(request.url ?? '/', this.url);
    const file = /^\/files\/(\w+)\.mp4$/.exec(pathname)?.[1];
    const id = file ?? /^\/v2\/requests\/(\w+)/.exec(pathname)?.[1] ?? '';
    const job = this.#jobs.get(id);
    if (job === undefined) return json(404, { error: `Request ${id} not found` });
    if (file !== undefined) return this.#sendFile(id, request, response);
    this.#sendStatus(id, job, pathname.endsWith('/status'), json);
  }

  #sendStatus(
    id: string,
    { createdAt, isBase64 }: UpstreamJob,
    isStatus: boolean,
    json: (status: number, body: unknown) => void,
  ): void {
    const isDone = Date.now() - createdAt >= (this.#options.runMs ?? 300);
    const common = { request_id: id, metrics: { cost: 0.53 } };
    if (!isDone) return json(200, { ...common, status: 'PROCESSING' });
    if (isStatus) return json(200, { ...common, status: 'COMPLETED' });
    const bytes = this.fileOf(id);
    if (isBase64) return json(200, { ...common, status: 'COMPLETED', output: bytes.toString('base64') });
    const url = `${this.url}/files/${id}.mp4`;
    const video = { url, content_type: 'video/mp4', file_name: `${id}.mp4`, file_size: String(bytes.length) };
    json(200, { ...common, status: 'COMPLETED', error: null, video, output: url });
  }

  #sendFile(id: string, request: IncomingMessage, response: ServerResponse): void {
    const bytes = this.fileOf(id);
    const fault = this.#faultOf(id);
    this.#downloaded.add(id);
    if (fault === 'unavailable') return void response.writeHead(503).end();
    const [, first = '', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const isPart = first !== '';
    const start = Number(first);
    const end = last === '' ? bytes.length - 1 : Math.min(Number(last), bytes.length - 1);
    const part = bytes.subarray(start, end + 1);
    this.downloads += 1;
    response.writeHead(isPart ? 206 : 200, {
      'content-type': 'video/mp4',
      'content-length': part.length,
      'accept-ranges': 'bytes',
      etag: `"${id}"`,
      ...(isPart ? { 'content-range': `bytes ${start}-${end}/${bytes.length}` } : {}),
    });
    if (request.method === 'HEAD') return void response.end();
    if (fault === null) return void response.end(part);
    response.write(part.subarray(0, part.length / 2));
    const timer = setTimeout(() => response.destroy(), fault === 'cut' ? 20 : STALL_MS);
    response.on('close', () => clearTimeout(timer));
  }

  /** @returns null after the first download */
  #faultOf(id: string): (typeof FAULTS)[number] {
    if (this.#options.hasFaults !== true || this.#downloaded.has(id)) return null;
    const digest = createHash('sha256').update(id).digest();
    return FAULTS[digest.readUInt32BE(4) % FAULTS.length] ?? null;
  }
}

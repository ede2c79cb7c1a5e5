import { MAX_URL } from '../../domain/request/video-request.ts';
import type { Image, ImageHost, UploadOutcome } from '../image-host.ts';
import type { CallOptions } from '../video-upstream.ts';
import { isObject, parseJson } from './answers/json.ts';
import { summaryOfAnswer } from './call-summaries.ts';
import { UPLOAD_PATH, uploadOrigin } from './facts.ts';
import {
  type HttpAnswer,
  HttpClient,
  type HttpClientOptions,
  type StreamedBody,
} from './http/http-client.ts';

const MAX_ANSWER_BYTES = 64 * 1024;
/** Bytes that are encoded at once. */
const CHUNK_BYTES = 48 * 1024;

/** Segmind's `upload-asset` call [SDK]; the sandbox has it too. */
export class SegmindImageHost implements ImageHost {
  readonly #http: HttpClient;

  /** @param options with the origin of the upstream; uploads go to its `uploadOrigin` */
  constructor(options: HttpClientOptions) {
    this.#http = new HttpClient({ ...options, origin: uploadOrigin(options.origin) });
  }

  async upload(image: Image, options: CallOptions): Promise<UploadOutcome> {
    const call = {
      ...options,
      name: 'upload',
      method: 'POST',
      path: UPLOAD_PATH,
      body: toBody(image),
      maxBodyBytes: MAX_ANSWER_BYTES,
    } as const;
    return this.#http.call(call, readUpload, (outcome, answer) =>
      summaryOfAnswer(answer, outcome.type === 'failed' ? outcome.reason : null),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http[Symbol.asyncDispose]();
  }
}

/** `{"data_urls":["data:image/png;base64,…"]}`, encoded while it is sent: an image of 10 MiB would need 14 MiB in one piece. */
function toBody({ type, chunks }: Image): StreamedBody {
  const head = `{"data_urls":["data:${type};base64,`;
  const tail = '"]}';
  const byteLength = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  return {
    byteLength: head.length + Math.ceil(byteLength / 3) * 4 + tail.length,
    *chunks() {
      yield head;
      for (const piece of inThrees(chunks)) {
        yield Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString('base64');
      }
      yield tail;
    },
  };
}

/** The same bytes in pieces of at most 48 KiB. All but the last have a multiple of three bytes, so base64 pads only at the end. */
function* inThrees(chunks: readonly Uint8Array[]): Iterable<Uint8Array> {
  let rest: Uint8Array = new Uint8Array();
  for (const chunk of chunks) {
    const missing = rest.length === 0 ? 0 : 3 - rest.length;
    const first = Buffer.concat([rest, chunk.subarray(0, missing)]);
    if (first.length === 3) yield first;
    const whole = chunk.length - ((chunk.length - missing) % 3);
    for (let start = missing; start < whole; start += CHUNK_BYTES) {
      yield chunk.subarray(start, Math.min(start + CHUNK_BYTES, whole));
    }
    rest = first.length === 3 || missing === 0 ? chunk.subarray(Math.max(whole, missing)) : first;
  }
  yield rest;
}

function readUpload(answer: HttpAnswer): UploadOutcome {
  if (answer.type !== 'answered') return { type: 'failed', reason: answer.reason, retryAfterMs: null };
  const { status, body, retryAfterMs } = answer;
  const url = status >= 200 && status < 300 ? uploadedUrl(body) : null;
  if (url !== null) return { type: 'uploaded', url };
  const words = body === null ? ' with an unreadable body' : `: ${body.slice(0, 200)}`;
  return { type: 'failed', reason: `HTTP ${status}${words}`, retryAfterMs };
}

/** The vendor's pages disagree: `file_urls` [SDK] or `urls` [docs]. A URL without a list around it is accepted too. */
function uploadedUrl(body: string | null): string | null {
  const answer = parseJson(body ?? '');
  if (!isObject(answer)) return null;
  return [answer['file_urls'], answer['urls']].flat().find(isWebUrl) ?? null;
}

function isWebUrl(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > MAX_URL) return false;
  const protocol = URL.parse(value)?.protocol;
  return protocol === 'https:' || protocol === 'http:';
}

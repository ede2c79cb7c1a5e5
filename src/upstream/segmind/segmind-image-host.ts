import { z } from 'zod';
import type { Image, ImageHost, UploadOutcome } from '../image-host.ts';
import type { CallOptions } from '../video-upstream.ts';
import { type HttpAnswer, HttpClient, type HttpClientOptions } from './http/http-client.ts';
import { VENDOR_ORIGIN, VENDOR_UPLOAD_ORIGIN } from './vendor.ts';

const UPLOAD_PATH = '/upload-asset';
const MAX_ANSWER_BYTES = 64 * 1024;
/** Characters of a URL that `generateVideo` takes. */
const MAX_URL = 2048;
/** Bytes that are encoded at once; three of them make four characters. */
const CHUNK_BYTES = 48 * 1024;

/**
 * The origin that takes uploads for an upstream: the vendor's has one of its own, any other (a sandbox, a server in a
 * test) takes them itself.
 */
export function uploadOrigin(upstreamOrigin: string): string {
  return upstreamOrigin === VENDOR_ORIGIN ? VENDOR_UPLOAD_ORIGIN : upstreamOrigin;
}

/** Segmind's `upload-asset` call [SDK], which the sandbox speaks as well. */
export class SegmindImageHost implements ImageHost {
  readonly #http: HttpClient;

  /** @param options with the origin that takes uploads, see uploadOrigin */
  constructor(options: HttpClientOptions) {
    this.#http = new HttpClient(options);
  }

  async upload(image: Image, options: CallOptions): Promise<UploadOutcome> {
    return readUpload(
      await this.#http.call({
        ...options,
        method: 'POST',
        path: UPLOAD_PATH,
        body: toBody(image),
        maxBodyBytes: MAX_ANSWER_BYTES,
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http[Symbol.asyncDispose]();
  }
}

/** `{"data_urls":["data:image/png;base64,…"]}`, made as bytes in one piece: as text it would be in memory three times. */
function toBody({ type, bytes }: Image): Buffer {
  const head = `{"data_urls":["data:${type};base64,`;
  const tail = '"]}';
  const body = Buffer.alloc(head.length + Math.ceil(bytes.length / 3) * 4 + tail.length);
  let end = body.write(head, 'latin1');
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    const chunk = bytes.subarray(start, start + CHUNK_BYTES);
    const base64 = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('base64');
    end += body.write(base64, end, 'latin1');
  }
  body.write(tail, end, 'latin1');
  return body;
}

function readUpload(answer: HttpAnswer): UploadOutcome {
  if (answer.type !== 'answered') return { type: 'failed', reason: answer.reason, retryAfterMs: null };
  const { status, body, retryAfterMs } = answer;
  const url = status >= 200 && status < 300 ? uploadedUrl(body) : null;
  if (url !== null) return { type: 'uploaded', url };
  const words = body === null ? ' with an unreadable body' : `: ${body.slice(0, 200)}`;
  return { type: 'failed', reason: `HTTP ${status}${words}`, retryAfterMs };
}

/** The vendor's pages disagree: `file_urls` [SDK] or `urls` [docs]. Liberally also one URL without a list around it. */
const urlsSchema = z.union([z.array(z.unknown()), z.string().transform((url) => [url])]).catch([]);
const answerSchema = z.object({ file_urls: urlsSchema, urls: urlsSchema });

function uploadedUrl(body: string | null): string | null {
  const answer = parseObject(body);
  if (answer === null) return null;
  const { file_urls, urls } = answer;
  return [...file_urls, ...urls].find(isWebUrl) ?? null;
}

function parseObject(body: string | null): z.output<typeof answerSchema> | null {
  try {
    return answerSchema.safeParse(JSON.parse(body ?? '')).data ?? null;
  } catch {
    return null;
  }
}

function isWebUrl(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > MAX_URL) return false;
  const protocol = URL.parse(value)?.protocol;
  return protocol === 'https:' || protocol === 'http:';
}

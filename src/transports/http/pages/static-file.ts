import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** A file in memory. */
export interface StaticFile {
  readonly type: string;
  readonly etag: string;
  readonly bytes: Buffer;
  /** Compressed copies, by the name of the encoding. */
  readonly encoded: ReadonlyMap<string, Buffer>;
}

/** Supported encodings by preference. */
const ENCODINGS = ['br', 'gzip'] as const;

export function staticFile(
  type: string,
  bytes: Buffer,
  encoded: ReadonlyMap<string, Buffer> = new Map(),
): StaticFile {
  // Weak: equal for all encodings.
  return { type, etag: `W/"${createHash('sha256').update(bytes).digest('base64url')}"`, bytes, encoded };
}

/** Answers GET or HEAD with a file, compressed if it can be, or with 304 when the client has it. */
export function sendFile(
  { type, etag, bytes, encoded }: StaticFile,
  { status, headers }: { readonly status: 200 | 404; readonly headers: Readonly<Record<string, string>> },
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const encoding = ENCODINGS.find((name) => encoded.has(name) && accepts(request, name));
  const body = (encoding === undefined ? undefined : encoded.get(encoding)) ?? bytes;
  const always = { etag, vary: 'accept-encoding', ...headers };
  if (status === 200 && isKnown(request, etag)) {
    response.writeHead(304, always).end();
    return;
  }
  response.writeHead(status, {
    ...always,
    'content-type': type,
    'content-length': body.length,
    ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function isKnown({ headers }: IncomingMessage, etag: string): boolean {
  return (headers['if-none-match'] ?? '').split(',').some((tag) => [etag, '*'].includes(tag.trim()));
}

/** Whether Accept-Encoding names an encoding. Browsers send neither `*` nor weights other than 0 here. */
function accepts({ headers }: IncomingMessage, encoding: string): boolean {
  const accepted = (headers['accept-encoding'] ?? '').split(',');
  return accepted.some((item) => {
    const [name = '', weight = ''] = item.split(';');
    return name.trim() === encoding && !/q=0(\.0*)?\s*$/.test(weight);
  });
}

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sendJson } from './health.ts';

/** Where the build puts it. */
const DIST = fileURLToPath(new URL('../../console/dist/', import.meta.url));
/** The page's own routes; its script knows what to show there. */
const PAGE = /^\/(?:jobs\/[^/]+)?$/;
const YEAR_SECONDS = 31_536_000;

/**
 * Scripts and styles are the gateway's own. Images and videos are wherever users' images and the upstream's files are;
 * a video is also fetched, to be saved.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self' http: https:",
  "img-src 'self' blob: data: http: https:",
  "media-src 'self' blob: http: https:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

/** By preference; the build writes a file with the extension beside each that gains by it. */
const ENCODINGS = [
  { name: 'br', extension: '.br' },
  { name: 'gzip', extension: '.gz' },
] as const;

interface ConsoleFile {
  readonly type: string;
  readonly etag: string;
  readonly bytes: Buffer;
  readonly encoded: ReadonlyMap<string, Buffer>;
}

/** The console's files. They are held in memory, so that a new build under a running gateway mixes nothing. */
export class ConsoleFiles {
  readonly #files: ReadonlyMap<string, ConsoleFile>;

  private constructor(files: ReadonlyMap<string, ConsoleFile>) {
    this.#files = files;
  }

  /** Reads what was built. @returns null when nothing was */
  static read(folder = DIST): ConsoleFiles | null {
    if (!existsSync(`${folder}index.html`)) return null;
    const names = new Set(readdirSync(folder, { recursive: true, encoding: 'utf8' }));
    const files = [...names]
      .filter((name) => extname(name) in TYPES)
      .map((name) => [`/${name.replaceAll(sep, '/')}`, readConsoleFile(folder, name, names)] as const);
    return new ConsoleFiles(new Map(files));
  }

  /** Whether something is at a path: a file, or one of the page's routes. */
  has(path: string): boolean {
    return this.#find(path) !== undefined;
  }

  /** Answers for a path that something is at. */
  serve(path: string, request: IncomingMessage, response: ServerResponse): void {
    const file = this.#find(path);
    if (file === undefined) throw new Error(`There is nothing at ${path}.`);
    if (request.method === 'GET' || request.method === 'HEAD') this.#send(file, 200, path, request, response);
    else sendJson(response, 405, { error: 'Only GET and HEAD are for files.' }, { allow: 'GET, HEAD' });
  }

  /** For a path that nothing is at: tells a person so in a page. @returns false when a program asks */
  serveMissing(request: IncomingMessage, response: ServerResponse): boolean {
    const page = this.#files.get('/index.html');
    const { method, headers } = request;
    if (page === undefined || method !== 'GET' || headers.accept?.includes('text/html') !== true)
      return false;
    this.#send(page, 404, '/', request, response);
    return true;
  }

  #find(path: string): ConsoleFile | undefined {
    return this.#files.get(PAGE.test(path) ? '/index.html' : path);
  }

  #send(
    file: ConsoleFile,
    status: 200 | 404,
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    const encoding = ENCODINGS.find(({ name }) => file.encoded.has(name) && accepts(request, name))?.name;
    const bytes = (encoding === undefined ? undefined : file.encoded.get(encoding)) ?? file.bytes;
    const headers = {
      etag: file.etag,
      vary: 'accept-encoding',
      // The names under assets change with what is in them.
      'cache-control': path.startsWith('/assets/')
        ? `public, max-age=${YEAR_SECONDS}, immutable`
        : 'no-cache',
      'content-security-policy': POLICY,
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
    };
    if (status === 200 && isKnown(request, file.etag)) {
      response.writeHead(304, headers).end();
      return;
    }
    response.writeHead(status, {
      ...headers,
      'content-type': file.type,
      'content-length': bytes.length,
      ...(encoding === undefined ? {} : { 'content-encoding': encoding }),
    });
    response.end(request.method === 'HEAD' ? undefined : bytes);
  }
}

function readConsoleFile(folder: string, name: string, names: ReadonlySet<string>): ConsoleFile {
  const bytes = readFileSync(`${folder}${name}`);
  const encoded = ENCODINGS.filter(({ extension }) => names.has(name + extension)).map(
    (encoding) => [encoding.name, readFileSync(`${folder}${name}${encoding.extension}`)] as const,
  );
  return {
    type: TYPES[extname(name)] ?? 'application/octet-stream',
    // Weak: the same for each encoding.
    etag: `W/"${createHash('sha256').update(bytes).digest('base64url')}"`,
    bytes,
    encoded: new Map(encoded),
  };
}

function isKnown({ headers }: IncomingMessage, etag: string): boolean {
  return (headers['if-none-match'] ?? '').split(',').some((tag) => [etag, '*'].includes(tag.trim()));
}

/** By name; `*` and weights other than 0 are nothing that browsers send here. */
function accepts({ headers }: IncomingMessage, encoding: string): boolean {
  const accepted = (headers['accept-encoding'] ?? '').split(',');
  return accepted.some((item) => {
    const [name = '', weight = ''] = item.split(';');
    return name.trim() === encoding && !/q=0(\.0*)?\s*$/.test(weight);
  });
}

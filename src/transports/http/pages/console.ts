import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UPSTREAM_NOTICES, type UpstreamKind } from '../../../domain/upstream-kind.ts';
import { memoizeLast } from '../memoize-last.ts';
import { sendJson } from '../send-json.ts';
import { sendFile, type StaticFile, staticFile } from './static-file.ts';

/** The folder of the build. */
const DIST = fileURLToPath(new URL('../../../../console/dist/', import.meta.url));
/** The routes of the page's script. */
const PAGE = /^\/(?:jobs\/[^/]+|compare\/[^/]+\/[^/]+|status)?$/;
const YEAR_SECONDS = 31_536_000;

/**
 * Scripts and styles come from the gateway. Images and videos may have any origin: users' images and the upstream's files. To save
 * a video, the page fetches it.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self' http: https:",
  "img-src 'self' blob: data: http: https:",
  "media-src 'self' blob: http: https:",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE_HEADERS = {
  'cache-control': 'no-cache',
  'content-security-policy': POLICY,
  'referrer-policy': 'no-referrer',
};

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.txt': 'text/plain; charset=utf-8',
};

/** Extensions of the compressed copies that the build writes. */
const ENCODINGS = [
  { name: 'br', extension: '.br' },
  { name: 'gzip', extension: '.gz' },
] as const;

/** The console's files, in memory: a new build does not mix with the old one while the gateway runs. */
export class ConsoleFiles {
  readonly #files: ReadonlyMap<string, StaticFile>;

  private constructor(files: ReadonlyMap<string, StaticFile>) {
    this.#files = files;
  }

  /**
   * Reads the build.
   *
   * @param upstream shown on the page
   * @returns null when there is no build
   */
  static read(upstream: UpstreamKind, folder = DIST): ConsoleFiles | null {
    if (!existsSync(`${folder}index.html`)) return null;
    const names = new Set(readdirSync(folder, { recursive: true, encoding: 'utf8' }));
    const files = [...names]
      .filter((name) => extname(name) in TYPES)
      .map((name) => [`/${name.replaceAll(sep, '/')}`, readConsoleFile(folder, name, names)] as const);
    const byPath = new Map(files);
    const page = byPath.get('/index.html');
    if (page !== undefined) byPath.set('/index.html', withNotice(page, upstream));
    return new ConsoleFiles(byPath);
  }

  /** Whether a path is a file or one of the page's routes. */
  has(path: string): boolean {
    return this.#find(path) !== undefined;
  }

  /**
   * Answers a request for such a path.
   *
   * @param prefix the path below which clients find the gateway, such as `/reelgate`; empty for none
   */
  serve(path: string, prefix: string, request: IncomingMessage, response: ServerResponse): void {
    const file = this.#find(path);
    if (file === undefined) throw new Error(`There is nothing at ${path}.`);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      sendJson(response, 405, { error: 'Files support only GET and HEAD.' }, { allow: 'GET, HEAD' });
    } else if (file === this.#page) {
      sendFile(this.#pageFor(prefix), { status: 200, headers: PAGE_HEADERS }, request, response);
    } else {
      // The names of these files contain a hash of their content.
      const cache = path.startsWith('/assets/') ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache';
      const headers = { ...PAGE_HEADERS, 'cache-control': cache };
      sendFile(file, { status: 200, headers }, request, response);
    }
  }

  /** Answers an unknown path with a page. @returns false when the client does not accept HTML */
  serveMissing(prefix: string, request: IncomingMessage, response: ServerResponse): boolean {
    const { method, headers } = request;
    if (this.#page === undefined || method !== 'GET' || headers.accept?.includes('text/html') !== true)
      return false;
    sendFile(this.#pageFor(prefix), { status: 404, headers: PAGE_HEADERS }, request, response);
    return true;
  }

  get #page(): StaticFile | undefined {
    return this.#files.get('/index.html');
  }

  #find(path: string): StaticFile | undefined {
    return PAGE.test(path) ? this.#page : this.#files.get(path);
  }

  /** All URLs in the page are relative to its `base` element. */
  readonly #pageFor = memoizeLast((prefix: string): StaticFile => {
    const page = this.#page;
    if (page === undefined) throw new Error('The console has no page.');
    if (prefix === '') return page;
    const base = `<base href="${prefix.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}/"`;
    return staticFile(page.type, Buffer.from(page.bytes.toString().replace('<base href="/"', () => base)));
  });
}

function withNotice(page: StaticFile, upstream: UpstreamKind): StaticFile {
  const notice = UPSTREAM_NOTICES[upstream];
  if (notice === null) return page;
  const attributes = `data-upstream="${upstream}" data-upstream-notice="${notice}"`;
  const text = page.bytes.toString().replace('<html ', () => `<html ${attributes} `);
  return staticFile(page.type, Buffer.from(text));
}

function readConsoleFile(folder: string, name: string, names: ReadonlySet<string>): StaticFile {
  const encoded = ENCODINGS.filter(({ extension }) => names.has(name + extension)).map(
    (encoding) => [encoding.name, readFileSync(`${folder}${name}${encoding.extension}`)] as const,
  );
  const type = TYPES[extname(name)] ?? 'application/octet-stream';
  return staticFile(type, readFileSync(`${folder}${name}`), new Map(encoded));
}

import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { UPSTREAM_NOTICES, type UpstreamKind } from '../../../../domain/upstream-kind.ts';
import { memoizeLast } from '../../memoize-last.ts';
import { sendJson } from '../../send-json.ts';
import { sendFile, type StaticFile, staticFile } from '../static-file.ts';

/** Options of GraphiQL. */
export interface GraphiQLOptions {
  /** The URL of the sample image in the first document; null: the one in the document's file. */
  readonly sampleImageUrl: ((request: IncomingMessage) => string) | null;
  /** Whether callers need a token: the page then asks for it first. */
  readonly signIn: boolean;
  /** Shown on the page. */
  readonly upstream: UpstreamKind;
}

const OPERATIONS = new URL('../../../../../schema/operations/', import.meta.url);
/** The path of the page's files, beside the endpoint. */
const FILES_PATH = '/graphiql/';

/** Scripts come from the gateway; the editor writes styles into the page. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'cache-control': 'no-cache',
  'content-security-policy': POLICY,
  'referrer-policy': 'no-referrer',
};

const JAVASCRIPT = 'text/javascript; charset=utf-8';
const CSS = 'text/css; charset=utf-8';

/**
 * GraphiQL: a page and its files, without requests to other hosts. Its tabs are the documents of schema/operations.
 */
export class GraphiQL {
  readonly #options: GraphiQLOptions;
  readonly #pageWith: (sampleImageUrl: string) => StaticFile;
  #files: Promise<ReadonlyMap<string, StaticFile>> | undefined;

  constructor(options: GraphiQLOptions) {
    this.#options = options;
    const render = renderer(options);
    this.#pageWith = memoizeLast((url) => staticFile('text/html; charset=utf-8', Buffer.from(render(url))));
  }

  /** Whether a request is for the page or one of its files. A browser's GET of the endpoint is for the page. */
  has(path: string, { method, headers }: IncomingMessage, endpoint: string): boolean {
    if (path.startsWith(FILES_PATH)) return true;
    return path === endpoint && method === 'GET' && headers.accept?.includes('text/html') === true;
  }

  /** Answers a request for the page or one of its files. */
  async serve(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!path.startsWith(FILES_PATH)) {
      const headers = { ...HEADERS, vary: 'accept, accept-encoding' };
      const page = this.#pageWith(this.#options.sampleImageUrl?.(request) ?? '');
      return sendFile(page, { status: 200, headers }, request, response);
    }
    const file = (await this.#readFiles()).get(path.slice(FILES_PATH.length));
    if (file === undefined) sendJson(response, 404, { error: `There is nothing at ${path}.` });
    else if (request.method === 'GET' || request.method === 'HEAD')
      sendFile(file, { status: 200, headers: HEADERS }, request, response);
    else sendJson(response, 405, { error: 'Files support only GET and HEAD.' }, { allow: 'GET, HEAD' });
  }

  /** The files have 9 MB: they are read on the first request, and again when that failed. */
  async #readFiles(): Promise<ReadonlyMap<string, StaticFile>> {
    this.#files ??= readFiles();
    try {
      return await this.#files;
    } catch (error) {
      this.#files = undefined;
      throw error;
    }
  }
}

/**
 * Reads the page. All URLs in it are relative to the endpoint.
 *
 * @returns renders it; its argument is the URL of the sample image, empty for the one in the document's file
 */
function renderer({ signIn, upstream }: GraphiQLOptions): (sampleImageUrl: string) => string {
  const operations = readOperations();
  const notice = UPSTREAM_NOTICES[upstream];
  const html = readOwn('page.html').replace('<!-- upstream -->', () =>
    notice === null ? '' : `<p id="upstream" role="note">${notice}</p>`,
  );
  return (sampleImageUrl) => {
    const defaultTabs = operations.map(({ query, variables }) => ({
      query: query.replace(SAMPLE_IMAGE, (image) => (sampleImageUrl === '' ? image : sampleImageUrl)),
      variables,
    }));
    const settings = { title: 'Reelgate', subscriptionsProtocol: 'WS', defaultTabs };
    // `</script>` in a value would end the script element.
    const data = JSON.stringify({ settings, signIn }).replaceAll('<', String.raw`\u003c`);
    return html.replace('{}', () => data);
  };
}

function readOwn(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8');
}

async function readFiles(): Promise<ReadonlyMap<string, StaticFile>> {
  const { css, editorWorkerService, graphqlWorker, js, jsonWorker } =
    await import('@graphql-yoga/render-graphiql/graphiql');
  const files = [
    ['graphiql.css', CSS, css],
    ['graphiql.js', JAVASCRIPT, js],
    ['editorWorkerService.js', JAVASCRIPT, editorWorkerService],
    ['json.js', JAVASCRIPT, jsonWorker],
    ['graphql.js', JAVASCRIPT, graphqlWorker],
    ['page.css', CSS, readOwn('page.css')],
    ['page.js', JAVASCRIPT, readOwn('page.js')],
  ] as const;
  return new Map(
    await Promise.all(
      files.map(async ([name, type, text]) => {
        const bytes = Buffer.from(text);
        return [name, staticFile(type, bytes, new Map([['gzip', await promisify(gzip)(bytes)]]))] as const;
      }),
    ),
  );
}

function readOperations() {
  const names = readdirSync(OPERATIONS).toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const read = (name: string) => readFileSync(new URL(name, OPERATIONS), 'utf8');
  return names
    .filter((name) => name.endsWith('.graphql'))
    .map((name) => {
      const variables = name.replace('.graphql', '.variables.json');
      return { query: read(name), variables: names.includes(variables) ? read(variables) : undefined };
    });
}

/** The URL of the image in the first document. */
const SAMPLE_IMAGE = /(?<=\bimage: ")[^"]+/;

import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { UPSTREAM_NOTICES, type UpstreamKind } from '../../../../domain/upstream-kind.ts';
import { sendJson } from '../../health.ts';
import { rememberLast } from '../../remember-last.ts';
import { sendFile, type StaticFile, staticFile } from '../static-file.ts';

/** What GraphiQL opens with. */
export interface GraphiQLOptions {
  /** An image that the upstream can fetch, for the first document, as the client names it; null for the one in its file. */
  readonly sampleImageUrl: ((request: IncomingMessage) => string) | null;
  /** Whether the endpoint asks for a token: the page then asks for one first. */
  readonly signIn: boolean;
  /** What the page tells people of it. */
  readonly upstream: UpstreamKind;
}

const OPERATIONS = new URL('../../../../../schema/operations/', import.meta.url);
/** Where its files are, beside the endpoint. */
const FILES_PATH = '/graphiql/';

/** Scripts are the gateway's own files; the editor writes styles into the page. */
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
 * GraphiQL: a page and its files, with no request to another host, opening with the documents of schema/operations as its
 * tabs.
 */
export class GraphiQL {
  readonly #options: GraphiQLOptions;
  readonly #pageWith: (sampleImageUrl: string) => StaticFile;
  #files: Promise<ReadonlyMap<string, StaticFile>> | undefined;

  constructor(options: GraphiQLOptions) {
    this.#options = options;
    const render = renderer(options);
    this.#pageWith = rememberLast((url) => staticFile('text/html; charset=utf-8', Buffer.from(render(url))));
  }

  /** Whether a request is for the page or one of its files; a browser's GET of the endpoint is. */
  has(path: string, { method, headers }: IncomingMessage, endpoint: string): boolean {
    if (path.startsWith(FILES_PATH)) return true;
    return path === endpoint && method === 'GET' && headers.accept?.includes('text/html') === true;
  }

  /** Answers for a path that it has. */
  async serve(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!path.startsWith(FILES_PATH)) {
      const headers = { ...HEADERS, vary: 'accept, accept-encoding' };
      const page = this.#pageWith(this.#options.sampleImageUrl?.(request) ?? '');
      return sendFile(page, { status: 200, headers }, request, response);
    }
    // It is 9 MB of text, which only those who look at it shall pay for.
    this.#files ??= readFiles();
    const file = (await this.#files).get(path.slice(FILES_PATH.length));
    if (file === undefined) sendJson(response, 404, { error: `There is nothing at ${path}.` });
    else if (request.method === 'GET' || request.method === 'HEAD')
      sendFile(file, { status: 200, headers: HEADERS }, request, response);
    else sendJson(response, 405, { error: 'Only GET and HEAD are for files.' }, { allow: 'GET, HEAD' });
  }
}

/**
 * Reads what the page is made of. All URLs in it are relative to the endpoint.
 *
 * @returns makes it; its argument is the URL of the sample image, empty for the one in the document's file
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
    // Within a script element `<` could begin its end.
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
  const names = readdirSync(OPERATIONS).toSorted();
  const read = (name: string) => readFileSync(new URL(name, OPERATIONS), 'utf8');
  return names
    .filter((name) => name.endsWith('.graphql'))
    .map((name) => {
      const variables = name.replace('.graphql', '.variables.json');
      return { query: read(name), variables: names.includes(variables) ? read(variables) : undefined };
    });
}

/** The image in the first document; the sandbox has one of its own, which needs no other host. */
const SAMPLE_IMAGE = /https:\/\/segmind-resources[^"]+/;

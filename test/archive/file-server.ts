import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { listenOnFreePort } from '../support/network/ports.ts';

/** Answers one request. */
export type FileHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** An HTTP server on 127.0.0.1 for files, which answers by script and records all requests. */
export class FileServer implements AsyncDisposable {
  readonly requests: { readonly path: string; readonly headers: IncomingHttpHeaders }[] = [];
  readonly #handlers = new Map<string, FileHandler[]>();
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((request, response) => this.#serve(request, response));
  #port = 0;

  static async start(): Promise<FileServer> {
    const server = new FileServer();
    server.#server.on('connection', (socket) => {
      server.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => server.#sockets.delete(socket));
    });
    server.#port = await listenOnFreePort(server.#server);
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Open connections. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** @param handlers used in order; the last one repeats @returns the URL */
  on(path: string, ...handlers: FileHandler[]): string {
    this.#handlers.set(path, handlers);
    return `${this.origin}${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening) await once(this.#server, 'close');
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    this.requests.push({ path, headers: request.headers });
    const handlers = this.#handlers.get(path) ?? [];
    const handler = handlers.length > 1 ? handlers.shift() : handlers[0];
    (handler ?? status(404))(request, response);
  }
}

/** How a file is served. */
export interface ServedFile {
  /** Null: none. @default '"1"' */
  readonly etag?: string | null;
  /** Ends the connection after so many bytes of the body. @default never */
  readonly breakAfter?: number;
  /** @default true */
  readonly hasRanges?: boolean;
  /** @default true */
  readonly hasLength?: boolean;
}

/** Serves a file as common servers do, with ranges and If-Range. */
export function file(bytes: Buffer, options: ServedFile = {}): FileHandler {
  const { etag = '"1"', breakAfter = Infinity, hasRanges = true, hasLength = true } = options;
  return (request, response) => {
    const [, start = ''] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
    const isSame = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
    const isPart = hasRanges && start !== '' && isSame;
    const from = isPart ? Number(start) : 0;
    const body = bytes.subarray(from);
    if (isPart && body.length === 0) return status(416)(request, response);
    response.writeHead(isPart ? 206 : 200, {
      'content-type': 'video/mp4',
      ...(hasLength ? { 'content-length': String(body.length) } : {}),
      ...(etag === null ? {} : { etag }),
      ...(isPart ? { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}),
    });
    if (breakAfter >= body.length) return void response.end(body);
    response.flushHeaders();
    // The client gets the data before the end of the connection.
    response.write(body.subarray(0, breakAfter), () => response.socket?.end());
  };
}

/** Answers with a status and a short text. */
export function status(code: number, headers: Readonly<Record<string, string>> = {}, body = ''): FileHandler {
  return (_request, response) => void response.writeHead(code, headers).end(body);
}

/** Never answers. */
export const silent: FileHandler = () => {};

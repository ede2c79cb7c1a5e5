import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { listenOnFreePort } from '../network/ports.ts';
import { json, type Reply } from './replies.ts';

/** One request as it arrived. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** Empty when the script left it unread. */
  readonly body: string;
  /** The number of its connection, from 1. */
  readonly connection: number;
}

interface Rule {
  readonly method: string;
  readonly path: string | RegExp;
  /** Used in order; the last one repeats. */
  readonly replies: Reply[];
}

/** Options of the server. */
export interface ScriptedUpstreamOptions {
  /** Closes each connection after its answer, although the answer promised keep-alive. @default false */
  readonly breaksKeepAlive?: boolean;
}

/**
 * An HTTP server on 127.0.0.1 that records every request and answers by script. Calls without a script get 404 in JSON.
 *
 *     await using upstream = await ScriptedUpstream.start();
 *     upstream.on('GET', '/v2/requests/a/status', html(502), json(200, { status: 'QUEUED' }));
 */
export class ScriptedUpstream implements AsyncDisposable {
  /** In the order of arrival. */
  readonly requests: RecordedRequest[] = [];
  readonly #server: Server;
  readonly #options: ScriptedUpstreamOptions;
  readonly #rules: Rule[] = [];
  readonly #connections = new Map<Socket, number>();
  readonly #watchers = new Set<() => void>();
  #port = 0;
  #accepted = 0;

  private constructor(options: ScriptedUpstreamOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      // The machine's clock differs from the tests' clock; a script can send a Date header.
      response.sendDate = false;
      // Scripts may break the connection during a request.
      this.#serve(request, response).catch(() => response.destroy());
    });
    this.#server.on('connection', (socket) => this.#accept(socket));
  }

  static async start(options: ScriptedUpstreamOptions = {}): Promise<ScriptedUpstream> {
    const upstream = new ScriptedUpstream(options);
    upstream.#port = await listenOnFreePort(upstream.#server);
    return upstream;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Connections accepted so far. */
  get connectionsMade(): number {
    return this.#accepted;
  }

  /**
   * Scripts the answers to one call. A later rule for the same call replaces an earlier one.
   *
   * @param path without the query, or a pattern for it
   * @param replies used in order; the last one repeats
   */
  on(method: 'GET' | 'POST', path: string | RegExp, ...replies: Reply[]): this {
    this.#rules.unshift({ method, path, replies });
    return this;
  }

  /** Resolves once `count` requests have arrived in all. */
  async untilRequests(count: number): Promise<void> {
    await this.#until(() => this.requests.length >= count);
  }

  /** Resolves once no connection is open. */
  async untilIdle(): Promise<void> {
    await this.#until(() => this.#connections.size === 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#connections.keys()) socket.destroy();
    if (this.#server.listening) await once(this.#server, 'close');
  }

  #accept(socket: Socket): void {
    this.#accepted += 1;
    this.#connections.set(socket, this.#accepted);
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#connections.delete(socket);
      this.#changed();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    const method = request.method ?? '';
    const reply = this.#replyTo(method, path);
    const unread = reply.type === 'destroy' && reply.when === 'before-reading';
    const body = unread ? '' : await text(request);
    const connection = this.#connections.get(request.socket) ?? 0;
    this.requests.push({ method, path, headers: request.headers, body, connection });
    this.#changed();
    await this.#send(reply, response);
  }

  #replyTo(method: string, path: string): Reply {
    const [bare = ''] = path.split('?');
    const matches = (rule: Rule): boolean =>
      rule.method === method && (typeof rule.path === 'string' ? rule.path === bare : rule.path.test(bare));
    const replies = this.#rules.find(matches)?.replies ?? [];
    const reply = replies.length > 1 ? replies.shift() : replies[0];
    return reply ?? json(404, { error: `Nothing is scripted for ${method} ${path}` });
  }

  async #send(reply: Reply, response: ServerResponse): Promise<void> {
    switch (reply.type) {
      case 'answer':
        response.writeHead(reply.status, {
          'content-length': String(Buffer.byteLength(reply.body)),
          ...reply.headers,
        });
        response.end(reply.body);
        if (this.#options.breaksKeepAlive === true) response.once('finish', () => response.socket?.destroy());
        return;
      case 'unfinished':
        response.writeHead(reply.status, {
          'content-type': reply.mediaType,
          'content-length': String(Buffer.byteLength(reply.body) + 1000),
        });
        response.flushHeaders();
        if (reply.body !== '') response.write(reply.body);
        // A FIN after the data, so that the client receives it.
        if (reply.ending === 'destroy') response.socket?.end();
        return;
      case 'destroy':
        response.socket?.destroy();
        return;
      case 'silence':
        return;
      case 'announced':
        response.writeContinue();
        response.writeEarlyHints({ link: '</v2>; rel=preload' });
        await this.#send(reply.reply, response);
        return;
      case 'after':
        await reply.gate;
        await this.#send(reply.reply, response);
    }
  }

  async #until(holds: () => boolean): Promise<void> {
    if (holds()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const watcher = (): void => {
      if (holds()) resolve();
    };
    this.#watchers.add(watcher);
    await promise;
    this.#watchers.delete(watcher);
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  request as send,
  type Server,
  type ServerResponse,
} from 'node:http';
import { connect, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { listenOnFreePort } from './ports.ts';

/** A request that came through the proxy. */
export interface ProxiedRequest {
  readonly accept: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** What a proxy does with a request: forwards it, forwards it and loses the answer, or answers itself. */
export type ProxyAction =
  | 'forward'
  | 'lose-answer'
  | 'hang'
  | { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> };

/** What a proxy does with WebSockets. */
export type UpgradeAction = 'forward' | 'refuse' | 'hang';

/** A proxy in front of a server on this machine, with the faults of real proxies. */
export class HttpProxy implements AsyncDisposable {
  readonly port: number;
  /** The requests so far, without upgrades. */
  readonly requests: ProxiedRequest[] = [];
  /** The next actions, in order; then `action`. */
  readonly actions: ProxyAction[] = [];
  action: ProxyAction = 'forward';
  upgrade: UpgradeAction = 'forward';
  /** Answers that are open now. */
  openAnswers = 0;
  /** WebSockets that were asked for. */
  upgrades = 0;
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, port: number, targetPort: number) {
    this.#server = server;
    this.port = port;
    this.#targetPort = targetPort;
  }

  static async start(targetPort: number): Promise<HttpProxy> {
    const server = createServer();
    const proxy = new HttpProxy(server, await listenOnFreePort(server), targetPort);
    server.on('connection', (socket) => proxy.#track(socket));
    server.on('request', (request, response) => {
      proxy.#handle(request, response).catch(() => response.destroy());
    });
    server.on('upgrade', (request, socket: Socket, head) => proxy.#upgrade(request, socket, head));
    return proxy;
  }

  /** Breaks all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cut();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { accept = '', authorization } = request.headers;
    const body = await buffer(request);
    this.requests.push({ accept, authorization, body: body.toString() });
    const action = this.actions.shift() ?? this.action;
    if (action === 'hang') return;
    if (typeof action === 'object') {
      response.writeHead(action.status, { 'content-type': 'text/html', ...action.headers }).end(action.body);
      return;
    }
    this.openAnswers += 1;
    response.once('close', () => (this.openAnswers -= 1));
    const forwarded = send({
      port: this.#targetPort,
      host: '127.0.0.1',
      path: request.url,
      method: request.method,
      headers: request.headers,
    });
    response.once('close', () => forwarded.destroy());
    forwarded.on('error', () => response.destroy());
    forwarded.on('response', (answer) => {
      answer.on('error', () => response.destroy());
      if (action === 'lose-answer') response.destroy();
      else answer.pipe(response.writeHead(answer.statusCode ?? 500, answer.headers));
    });
    forwarded.end(body);
  }

  #upgrade(request: IncomingMessage, client: Socket, head: Buffer): void {
    this.upgrades += 1;
    client.on('error', () => {});
    if (this.upgrade === 'hang') return;
    if (this.upgrade === 'refuse') {
      client.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
      return;
    }
    const server = connect(this.#targetPort, '127.0.0.1');
    server.on('error', () => client.destroy());
    server.on('close', () => client.destroy());
    client.on('close', () => server.destroy());
    const headers = request.rawHeaders.map((text, index) => (index % 2 === 0 ? `${text}: ` : `${text}\r\n`));
    server.write(`GET ${request.url} HTTP/1.1\r\n${headers.join('')}\r\n`);
    server.write(head);
    server.pipe(client).pipe(server);
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}

import { createServer, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { listenOnFreePort } from './ports.ts';

/** How a proxy answers a CONNECT. */
export type ProxyBehaviour =
  | 'tunnels'
  | 'never answers'
  /** Answers 200 and breaks. */
  | 'breaks after CONNECT'
  /** Answers with this status. */
  | number;

/** A forward proxy on 127.0.0.1 that supports CONNECT only. It connects every name to one port of this machine. */
export class ConnectProxy implements AsyncDisposable {
  /** The targets of all CONNECT requests, with their credentials. */
  readonly connects: { readonly target: string; readonly authorization: string | undefined }[] = [];
  /** Requests other than CONNECT. */
  readonly plain: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();
  #port = 0;

  private constructor(targetPort: number, behaviour: ProxyBehaviour) {
    this.#server = createServer((request, response) => {
      this.plain.push(`${request.method} ${request.url}`);
      response.writeHead(502).end();
    });
    this.#server.on('connection', (socket) => this.#hold(socket));
    this.#server.on('connect', (request, client: Socket) => {
      this.connects.push({
        target: request.url ?? '',
        authorization: request.headers['proxy-authorization'],
      });
      client.on('error', () => {});
      if (behaviour === 'never answers') return;
      if (typeof behaviour === 'number') {
        client.end(`HTTP/1.1 ${behaviour} No\r\ncontent-length: 0\r\n\r\n`);
        return;
      }
      const established = 'HTTP/1.1 200 Connection established\r\n\r\n';
      if (behaviour === 'breaks after CONNECT') {
        client.end(established, () => client.destroy());
        return;
      }
      const upstream = connect(targetPort, '127.0.0.1', () => client.write(established));
      this.#hold(upstream);
      upstream.on('error', () => client.destroy());
      upstream.on('close', () => client.destroy());
      client.on('close', () => upstream.destroy());
      client.pipe(upstream).pipe(client);
    });
  }

  static async start(targetPort: number, behaviour: ProxyBehaviour): Promise<ConnectProxy> {
    const proxy = new ConnectProxy(targetPort, behaviour);
    proxy.#port = await listenOnFreePort(proxy.#server);
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Breaks all connections. */
  breakTunnels(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.breakTunnels();
    await closed;
  }

  #hold(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}

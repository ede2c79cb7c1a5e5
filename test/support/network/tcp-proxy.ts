import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  /** The direction in which nothing is forwarded any more. */
  deaf: 'none' | 'answers' | 'both';
}

/** A proxy between a client and a server on this machine that fails on request. */
export class TcpProxy implements AsyncDisposable {
  readonly #links = new Set<Link>();
  readonly #listener: Server;
  #targetPort: number;

  private constructor(listener: Server, targetPort: number) {
    this.#listener = listener;
    this.#targetPort = targetPort;
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    const listener = createServer();
    const proxy = new TcpProxy(listener, targetPort);
    listener.on('connection', (client) => proxy.#link(client, connect(proxy.#targetPort, '127.0.0.1')));
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get port(): number {
    const address: AddressInfo | string | null = this.#listener.address();
    if (address === null || typeof address === 'string') throw new Error('The proxy does not listen.');
    return address.port;
  }

  /** Connects new clients to another server, as a DNS name does after a failover. Open connections stay. */
  pointTo(targetPort: number): void {
    this.#targetPort = targetPort;
  }

  /** Keeps the open connections and forwards nothing on them; new ones work. */
  freezeLinks(): void {
    for (const link of this.#links) link.deaf = 'both';
  }

  /** Forwards requests of the open connections, but no answers. */
  dropAnswers(): void {
    for (const link of this.#links) link.deaf = 'answers';
  }

  /** Breaks the open connections. */
  cut(): void {
    for (const { client, server } of this.#links) {
      client.destroy();
      server.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#listener, 'close');
    this.#listener.close();
    this.cut();
    await closed;
  }

  #link(client: Socket, server: Socket): void {
    const link: Link = { client, server, deaf: 'none' };
    this.#links.add(link);
    client.on('data', (data) => {
      if (link.deaf !== 'both') server.write(data);
    });
    server.on('data', (data) => {
      if (link.deaf === 'none') client.write(data);
    });
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#links.delete(link);
        other.destroy();
      });
    }
  }
}

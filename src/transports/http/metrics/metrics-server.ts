import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { emitFault } from '../../../events/emit-fault.ts';
import type { EventEmitter } from '../../../events/gateway-events.ts';
import { AllowedHosts, refusalOfInvalidHost } from '../addresses/allowed-hosts.ts';
import { type ConnectionTimes, timeoutOptions } from '../connection-limits.ts';
import { listen } from '../listen.ts';
import { sendJson } from '../send-json.ts';
import { METRICS_PATH, type MetricsEndpoint } from './metrics-endpoint.ts';

export interface MetricsServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly endpoint: MetricsEndpoint;
  /** False: requests need no token, so only those that name this machine as the host are answered. */
  readonly hasToken: boolean;
  readonly events: EventEmitter;
}

/** Scrapers are few. */
const MAX_CONNECTIONS = 64;
/** Connections that have not sent a request of a scraper: anyone who reaches the port can open them. */
const MAX_STRANGERS = 32;
/** Idle connections stay open for longer than the usual interval between scrapes, so that they are used again. */
const TIMES: ConnectionTimes = { keepAliveMs: 75_000, headersMs: 10_000, requestMs: 10_000 };

/** Serves the metrics on a port of their own, and nothing else. */
export class MetricsServer implements AsyncDisposable {
  readonly #options: MetricsServerOptions;
  readonly #server: Server;
  /** Without a token, a page could read the metrics if its own name resolved to this server (DNS rebinding). */
  readonly #hosts: AllowedHosts;
  /** The oldest is first. */
  readonly #strangers = new Set<Socket>();

  constructor(options: MetricsServerOptions) {
    this.#options = options;
    this.#hosts = new AllowedHosts(
      options.hasToken ? null : { names: [], addresses: 'loopback', upstreamNames: false },
    );
    this.#server = createServer(timeoutOptions(TIMES), (request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        emitFault(options.events, 'telemetry', 'error', 'the metrics could not be read', { err: error });
        if (response.headersSent) response.destroy();
        else sendJson(response, 500, { error: 'Internal server error' });
      });
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on('connection', (socket: Socket) => this.#admit(socket));
  }

  /** @returns its URL, such as `http://127.0.0.1:9464/metrics` */
  async listen(): Promise<string> {
    const { host, port, events } = this.#options;
    return `${await listen(this.#server, { host, port }, 'telemetry', events)}${METRICS_PATH}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    const closed = Promise.withResolvers<void>();
    this.#server.close(() => closed.resolve());
    this.#server.closeAllConnections();
    await closed.promise;
  }

  /** Makes room for a new connection: a scraper sends its request at once, so it needs a place for a moment only. */
  #admit(socket: Socket): void {
    const [oldest] = this.#strangers;
    if (oldest !== undefined && this.#strangers.size >= MAX_STRANGERS) {
      this.#strangers.delete(oldest);
      oldest.destroy();
    }
    this.#strangers.add(socket);
    socket.once('close', () => this.#strangers.delete(socket));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('x-content-type-options', 'nosniff');
    const isScraper = this.#options.endpoint.allows(request);
    if (isScraper) this.#strangers.delete(request.socket);
    else response.setHeader('connection', 'close');
    const refusal = refusalOfInvalidHost(request);
    if (refusal !== null) return sendJson(response, refusal.status, { errors: [refusal.error] });
    if (!this.#hosts.allowsHost(request.headers.host ?? '')) {
      return sendJson(response, 403, {
        error:
          'Without METRICS_TOKEN, the metrics are for this machine only: use localhost or a loopback address as the host.',
      });
    }
    const path = request.url?.split('?', 1)[0];
    if (path !== METRICS_PATH)
      return sendJson(response, 404, { error: `Only ${METRICS_PATH} is served here.` });
    await this.#options.endpoint.serve(request, response);
  }
}

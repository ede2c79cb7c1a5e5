import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import { UPSTREAM_HEADER, type UpstreamKind } from '../../domain/upstream-kind.ts';
import { emitFault } from '../../events/emit-fault.ts';
import type { EventEmitter } from '../../events/gateway-events.ts';
import type { CallbackSubscriptions } from '../callback/subscriptions.ts';
import type { WebSocketEndpoint } from '../websocket/endpoint.ts';
import { type HttpRefusal, refusalOfInvalidHost } from './addresses/allowed-hosts.ts';
import { type CrossOrigin, emitRefusal, type RequestRefusal } from './addresses/cross-origin.ts';
import { isSecureContext, type PublicUrl, removePrefix } from './addresses/public-url.ts';
import { isOfServer, pathOf, removeTrailingSlash, toOriginForm } from './addresses/request-target.ts';
import {
  answerClientErrors,
  boundArrivingBodies,
  CONNECTION_TIMES,
  type ConnectionTimes,
  timeoutOptions,
  guardSlowClients,
  type SlowClientLimits,
} from './connection-limits.ts';
import { GRAPHQL_PATH } from './graphql/exchange.ts';
import type { GraphQLOverHttp } from './graphql/graphql-over-http.ts';
import { byWeight } from './graphql/media-type.ts';
import { isForm } from './graphql/request-body.ts';
import { GRAPHQL_HEADERS } from './graphql/yoga.ts';
import { listen } from './listen.ts';
import { METRICS_PATH } from './metrics/metrics-endpoint.ts';
import type { GraphiQL } from './pages/graphiql/graphiql.ts';
import { isHealthPath } from './pages/health.ts';
import { Pages, type PagesOptions, redirect } from './pages/pages.ts';
import { sendJson } from './send-json.ts';
import { emitRequest, emitSlowClient, isStream } from './server-events.ts';
import { serveUpgrade } from './upgrades.ts';

/** The transports of GraphQL. */
export interface GraphQLEndpoints {
  readonly http: GraphQLOverHttp;
  readonly webSockets: WebSocketEndpoint;
  readonly callbacks: CallbackSubscriptions;
  /** Null when introspection is off. */
  readonly graphiql: GraphiQL | null;
}

/** Options of the HTTP server. */
export interface HttpServerOptions extends Pick<
  PagesOptions,
  'console' | 'media' | 'videos' | 'metrics' | 'probe' | 'webhookKeys'
> {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Null: only health checks are served. */
  readonly graphql: GraphQLEndpoints | null;
  readonly crossOrigin: CrossOrigin;
  readonly publicUrl: PublicUrl;
  /** Each answer names it in a header, unless it is public. */
  readonly upstream: UpstreamKind;
  readonly events: EventEmitter;
  /** @default 20 seconds, and 128 MiB, which take about three times as much memory */
  readonly slowClientLimits?: SlowClientLimits;
  /** @default 75 seconds idle, 80 seconds for a head, 12 minutes for a request */
  readonly times?: ConnectionTimes;
  /** Milliseconds for which idle connections stay open when the server stops. @default 1000 */
  readonly idleGraceMs?: number;
}

const SLOW_CLIENT_LIMITS: SlowClientLimits = { writeTimeoutMs: 20_000, maxUnreadBytes: 128 * 1024 * 1024 };
/** Connections that wait to be accepted. After a restart all clients connect again; above Node's 511 they wait for a second or are reset. */
const BACKLOG = 4096;
/** Milliseconds for answers in progress to complete when the server stops. */
const DRAIN_MS = 3000;
/** Idle connections are closed after this delay: otherwise a request that was sent just before would get no answer. */
const IDLE_GRACE_MS = 1000;

/** The HTTP server: routes requests to GraphQL or to the pages, and upgrades to WebSocket. */
export class HttpServer implements AsyncDisposable {
  readonly #options: HttpServerOptions;
  readonly #server: Server;
  /** The answers in progress, except those that were written at once. */
  readonly #answers = new Set<ServerResponse>();
  readonly #pages: Pages;
  #draining = false;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    const { graphql, console, media, videos, metrics, probe, webhookKeys } = options;
    this.#pages = new Pages({
      hasGraphQL: graphql !== null,
      graphiql: graphql?.graphiql ?? null,
      console,
      media,
      videos,
      metrics,
      probe,
      webhookKeys,
      draining: () => this.#draining,
    });
    this.#server = createServer(
      { ...timeoutOptions(options.times ?? CONNECTION_TIMES), shouldUpgradeCallback },
      (request, response) => {
        if (options.events.hears('request')) emitRequest(options.events, request, response);
        this.#handle(request, response).catch((error: unknown) => {
          emitFault(options.events, 'server', 'error', 'a request failed', { err: error });
          if (response.headersSent) response.destroy();
          else sendJson(response, 500, { error: 'Internal server error' });
        });
      },
    );
    answerClientErrors(this.#server, this.#answers);
    boundArrivingBodies(this.#server);
    guardSlowClients(this.#server, this.#answers, options.slowClientLimits ?? SLOW_CLIENT_LIMITS, (socket) =>
      emitSlowClient(options.events, socket, this.#answers),
    );
    this.#server.on('upgrade', (request, socket, head) =>
      serveUpgrade(
        { ...options, webSockets: graphql?.webSockets ?? null, draining: this.#draining },
        request,
        socket,
        head,
      ),
    );
  }

  /** @returns the origin that it listens on, e.g. `http://127.0.0.1:4000` */
  listen(): Promise<string> {
    const { host, port, events } = this.#options;
    return listen(this.#server, { host, port, backlog: BACKLOG }, 'server', events);
  }

  /** Stops accepting, tells sockets and streams to reconnect, lets answers finish, then closes all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#draining || !this.#server.listening) return;
    this.#draining = true;
    const { webSockets, callbacks } = this.#options.graphql ?? {};
    const closed = Promise.withResolvers<void>();
    // The close of an HTTP server would close idle connections at once.
    NetServer.prototype.close.call(this.#server, () => closed.resolve());
    const idle = setTimeout(() => this.#server.close(), this.#options.idleGraceMs ?? IDLE_GRACE_MS);
    webSockets?.drain();
    // A client reopens a stream that breaks, but not one that ends.
    for (const answer of this.#answers) if (isStream(answer)) answer.destroy();
    const deadline = setTimeout(() => {
      webSockets?.terminate();
      this.#server.closeAllConnections();
    }, DRAIN_MS);
    await Promise.all([closed.promise, callbacks?.[Symbol.asyncDispose]()]);
    clearTimeout(idle);
    clearTimeout(deadline);
    // Ends the server's timeout check.
    this.#server.close();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { publicUrl, graphql } = this.#options;
    const hasValidTarget = toOriginForm(request);
    const prefix = publicUrl.prefixOf(request);
    const isPrefix = prefix !== '' && request.url === prefix;
    removePrefix(request, prefix);
    const hadSlash = removeTrailingSlash(request);
    const path = pathOf(request);
    const isGraphiQL = this.#pages.isGraphiQL(path, request);
    if (path === GRAPHQL_PATH && graphql !== null && !isGraphiQL)
      return this.#handleGraphQL(request, response, graphql);
    this.#nameUpstream(response);
    if (!hasValidTarget) return sendJson(response, 400, { errors: [INVALID_TARGET] });
    if (isOfServer(request)) return answerOptions(response, 'GET, HEAD, POST, OPTIONS');
    if (isPrefix) return redirect(response, `${prefix}/`);
    // The URLs of GraphiQL's files are relative to the endpoint.
    if (isGraphiQL && hadSlash) return redirect(response, `..${request.url}`);
    response.setHeader('x-content-type-options', 'nosniff');
    if (isSecureContext(publicUrl.baseUrlOf(request)))
      response.setHeader('cross-origin-opener-policy', 'same-origin');
    this.#closeIfDraining(response);
    // Health checks and scrapers name the gateway by any address. The metrics need their token.
    const isForOperators = isHealthPath(path) || (this.#options.metrics !== null && path === METRICS_PATH);
    const refused = isForOperators ? refusalOfInvalidHost(request) : this.#refusalOfHost(request);
    if (refused !== null) return sendJson(response, refused.status, { errors: [refused.error] });
    this.#track(response);
    await this.#pages.serve(path, prefix, request, response);
  }

  async #handleGraphQL(
    request: IncomingMessage,
    response: ServerResponse,
    { http }: GraphQLEndpoints,
  ): Promise<void> {
    const cors = this.#options.crossOrigin.headersFor(request);
    if (cors !== null) response.setHeaders(new Map(Object.entries(cors)));
    if (request.headers.accept !== undefined) request.headers.accept = byWeight(request.headers.accept);
    const isOptions = request.method === 'OPTIONS';
    const refused = this.#refusalOf(request, isOptions || isForm(request));
    const unanswered =
      refused !== null || isOptions || this.#draining
        ? { req: request, res: response }
        : await http.answer(request, response);
    if (unanswered === null) {
      if (response.writableLength > 0) this.#track(response);
      return;
    }
    this.#nameUpstream(response);
    // With a header set here, isStream can read the headers that are written later.
    for (const [name, value] of GRAPHQL_HEADERS) response.setHeader(name, value);
    this.#closeIfDraining(response);
    if (refused !== null) return sendJson(response, refused.status, { errors: [refused.error] });
    if (isOptions) return answerOptions(response, 'GET, POST, OPTIONS');
    this.#track(response);
    await http.answerByYoga(unanswered);
  }

  /** @returns null when the request may be answered */
  #refusalOf(request: IncomingMessage, needsAllowedOrigin: boolean): HttpRefusal | null {
    const { crossOrigin } = this.#options;
    return (
      this.#refusalOfHost(request) ??
      this.#logged(request, crossOrigin.refusalOfPage(request, needsAllowedOrigin))
    );
  }

  #refusalOfHost(request: IncomingMessage): HttpRefusal | null {
    const { crossOrigin } = this.#options;
    return refusalOfInvalidHost(request) ?? this.#logged(request, crossOrigin.refusalOfHost(request));
  }

  #logged(request: IncomingMessage, refusal: RequestRefusal | null): HttpRefusal | null {
    if (refusal === null) return null;
    const { status, code, message } = refusal;
    emitRefusal(this.#options.events, request, refusal);
    return { status, error: { message, extensions: { code } } };
  }

  #nameUpstream(response: ServerResponse): void {
    const { upstream } = this.#options;
    if (upstream !== 'public') response.setHeader(UPSTREAM_HEADER, upstream);
  }

  #closeIfDraining(response: ServerResponse): void {
    if (this.#draining) response.setHeader('connection', 'close');
  }

  #track(answer: ServerResponse): void {
    // The client may have disconnected already; `close` is not emitted again.
    if (answer.closed) return;
    this.#answers.add(answer);
    answer.once('close', () => this.#answers.delete(answer));
  }
}

const INVALID_TARGET = {
  message: 'The target of the request must be a path, or an http or https URL without a user name.',
  extensions: { code: 'BAD_REQUEST' },
};

/** @param methods the supported ones */
function answerOptions(response: ServerResponse, methods: string): void {
  response.writeHead(204, { allow: methods }).end();
}

/** Some HTTP clients offer an upgrade to HTTP/2: the offer is ignored and the request answered. */
function shouldUpgradeCallback({ headers: { upgrade } }: IncomingMessage): boolean {
  return upgrade?.toLowerCase() === 'websocket';
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import type { Authenticator } from '../../../auth/authenticator.ts';
import type { Clock } from '../../../domain/clock.ts';
import { validTraceparent } from '../../../domain/traceparent.ts';
import { UPSTREAM_HEADER, type UpstreamKind } from '../../../domain/upstream-kind.ts';
import type { EventEmitter } from '../../../events/gateway-events.ts';
import type { OperationParams } from '../../../operations/operation.ts';
import { isRefused, isSubscription, type Operations } from '../../../operations/operations.ts';
import { textOf } from '../../../operations/results.ts';
import { authenticateOrRefuse, bearerToken } from '../../authentication.ts';
import { EventResponse } from './events/event-response.ts';
import { Heartbeats } from './events/heartbeats.ts';
import { type Exchange, lastEventIdOf } from './exchange.ts';
import { type MediaType, regularMediaType } from './media-type.ts';
import { isJson, readJsonBody } from './request-body.ts';
import { GRAPHQL_HEADERS, type Yoga } from './yoga.ts';

/** Options of `GraphQLOverHttp`. */
export interface GraphQLOverHttpOptions {
  readonly yoga: Yoga;
  readonly operations: Operations;
  readonly authenticator: Authenticator;
  /** The gateway's URL for the client of a request. */
  readonly baseUrlOf: (request: IncomingMessage) => string;
  /** Each answer names it in a header, unless it is public. */
  readonly upstream: UpstreamKind;
  /** The clock of heartbeats. */
  readonly clock: Clock;
  readonly events: EventEmitter;
}

/** Bytes of all answers that wait for the end of the turn of the event loop. Further answers are written at once. */
const MAX_HELD_BYTES = 256 * 1024;

const PARAMS = new Set(['query', 'documentId', 'operationName', 'variables', 'extensions']);

/**
 * Answers the most common requests itself: POSTs of JSON that are answered as JSON without errors. This saves the Request, the
 * Response and the hooks that Yoga creates for each request. Yoga answers all other requests, from where this class stopped.
 */
export class GraphQLOverHttp {
  readonly #options: GraphQLOverHttpOptions;
  /** By media type. `writeHead` writes all of them: to merge them with headers that were set before takes a seventh of a query's time. */
  readonly #headers: Readonly<Record<MediaType, readonly string[]>>;
  readonly #heartbeats: Heartbeats;
  #turn: Promise<void> | undefined;
  /** Bytes of the answers that wait for the end of the turn. */
  #heldBytes = 0;

  constructor(options: GraphQLOverHttpOptions) {
    this.#options = options;
    this.#heartbeats = new Heartbeats(options.clock);
    this.#headers = {
      'application/json': headersOf('application/json', options.upstream),
      'application/graphql-response+json': headersOf('application/graphql-response+json', options.upstream),
    };
  }

  /**
   * Answers a common request.
   *
   * @returns null when it is answered; else the state of the request, for `answerByYoga`
   */
  async answer(req: IncomingMessage, res: ServerResponse): Promise<Exchange | null> {
    const exchange: Exchange = { req, res };
    const mediaType = regularMediaType(req.headers.accept);
    if (mediaType === null || req.method !== 'POST' || !isJson(req.headers['content-type'] ?? ''))
      return exchange;
    try {
      if (!(await this.#execute(exchange))) return exchange;
    } catch {
      // Yoga awaits the same promise and answers with its error.
      return exchange;
    }
    const { prepared, result } = exchange;
    if (prepared === undefined || isRefused(prepared) || result === undefined) return exchange;
    await this.#write(res, result, mediaType);
    // The system takes nearly all answers at once.
    if (res.writableLength === 0) prepared.context.answer.release();
    else prepared.context.answer.follow(res);
    return null;
  }

  /** Answers by Yoga, which leaves the events of a subscription to `EventResponse`. */
  async answerByYoga(exchange: Exchange): Promise<void> {
    const { req, res } = exchange;
    const { yoga, events } = this.#options;
    const response = await yoga.handleNodeRequestAndResponse(req, res, exchange);
    const { stream, format } = exchange;
    if (stream === undefined || format === undefined) return send(response, res);
    if (!res.destroyed) res.setHeaders(response.headers);
    new EventResponse({ res, format, heartbeats: this.#heartbeats, events }).pipe(stream);
  }

  /** @returns whether there is a result without errors */
  async #execute(exchange: Exchange): Promise<boolean> {
    const { authenticator, operations, baseUrlOf } = this.#options;
    const { req } = exchange;
    exchange.authenticated = authenticateOrRefuse(authenticator, bearerToken(req.headers.authorization));
    // The body is read only for a known caller.
    const caller = await exchange.authenticated;
    exchange.body = readJsonBody(req);
    const params = paramsOf(await exchange.body);
    if (params === null) return false;
    const preparing = operations.prepare({
      params,
      caller,
      baseUrl: baseUrlOf(req),
      transport: 'http',
      lastEventId: lastEventIdOf(req),
      traceparent: validTraceparent(req.headers['traceparent']),
    });
    const prepared = preparing instanceof Promise ? await preparing : preparing;
    exchange.prepared = prepared;
    if (isRefused(prepared) || isSubscription(prepared)) return false;
    exchange.isHandedOver = true;
    const executing = operations.execute(prepared);
    const result = executing instanceof Promise ? await executing : executing;
    exchange.result = result;
    return result.errors === undefined;
  }

  async #write(res: ServerResponse, result: ExecutionResult, mediaType: MediaType): Promise<void> {
    const body = textOf(result);
    const length = Buffer.byteLength(body);
    if (this.#heldBytes + length <= MAX_HELD_BYTES) {
      this.#heldBytes += length;
      await this.#endOfTurn();
    }
    res.writeHead(200, [...this.#headers[mediaType], 'content-length', String(length)]);
    res.end(body, length === body.length ? 'latin1' : 'utf8');
  }

  /**
   * Answers are written together at the end of the turn, so that a sleeping client is woken once for many. Only MAX_HELD_BYTES wait:
   * written bytes count as unread, and Node stops reading from a client with too many unread bytes.
   */
  #endOfTurn(): Promise<void> {
    return (this.#turn ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#turn = undefined;
        this.#heldBytes = 0;
        resolve();
      });
    }));
  }
}

/** Writes an answer whose body is not a stream. */
async function send(response: Response, res: ServerResponse): Promise<void> {
  const body = await response.text();
  // The client has disconnected.
  if (res.destroyed) return;
  res.setHeaders(response.headers);
  res.writeHead(response.status).end(body);
}

/** @returns null when the body is not the parameters of an operation, or is for a callback: Yoga answers */
function paramsOf(body: object): OperationParams | null {
  if (Array.isArray(body)) return null;
  for (const name of Object.keys(body)) if (!PARAMS.has(name)) return null;
  const params: Readonly<Record<string, unknown>> = { ...body };
  const { query, documentId, operationName, variables, extensions } = params;
  if (query != null && typeof query !== 'string') return null;
  if (operationName != null && typeof operationName !== 'string') return null;
  if (variables != null && !isRecord(variables)) return null;
  if (extensions != null && (!isRecord(extensions) || extensions['subscription'] != null)) return null;
  return { query, documentId, operationName, variables, extensions };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function headersOf(mediaType: string, upstream: UpstreamKind): readonly string[] {
  const upstreamHeader = upstream === 'public' ? [] : [UPSTREAM_HEADER, upstream];
  return [...GRAPHQL_HEADERS.flat(), ...upstreamHeader, 'content-type', `${mediaType}; charset=utf-8`];
}

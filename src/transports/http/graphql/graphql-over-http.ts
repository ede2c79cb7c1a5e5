import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import type { Authenticator } from '../../../auth/authenticator.ts';
import { UPSTREAM_HEADER, type UpstreamKind } from '../../../domain/upstream-kind.ts';
import type { OperationParams } from '../../../operations/operation.ts';
import { isRefused, isSubscription, type Operations } from '../../../operations/operations.ts';
import { authenticateOrRefuse, bearerToken } from '../../authentication.ts';
import type { CrossOrigin } from '../addresses/cross-origin.ts';
import type { Exchange } from './exchange.ts';
import { GRAPHQL_HEADERS, type Yoga } from './yoga.ts';
import { isJson, readJsonBody } from './request-body.ts';

/** What GraphQL over HTTP works with. */
export interface GraphQLOverHttpOptions {
  readonly yoga: Yoga;
  readonly operations: Operations;
  readonly authenticator: Authenticator;
  /** The gateway's URL for the client of a request. */
  readonly baseUrlOf: (request: IncomingMessage) => string;
  readonly crossOrigin: CrossOrigin;
  /** Whether documents may be named by their ids. */
  readonly hasTrustedDocuments: boolean;
  /** Named in a header of each answer, unless it is public. */
  readonly upstream: UpstreamKind;
}

/** Bytes of all answers that wait for the end of the turn. What comes beyond is written at once. */
const MAX_HELD_BYTES = 256 * 1024;
type MediaType = NonNullable<ReturnType<typeof regularMediaType>>;

const PARAMS = new Set(['query', 'documentId', 'operationName', 'variables']);

/**
 * Answers the requests that frontends send most without the Request, Response and hooks that Yoga makes for each: POSTs of JSON,
 * answered as JSON without errors. For all others Yoga reads the rest of the request and writes the result, if there is one yet.
 */
export class GraphQLOverHttp {
  readonly #options: GraphQLOverHttpOptions;
  /** By media type. Written in one call: a header that was set before makes Node merge them, which takes about a seventh of a query's time. */
  readonly #headers: Readonly<Record<MediaType, readonly string[]>>;
  #turn: Promise<void> | undefined;
  /** Of the answers that wait for the end of the turn. */
  #heldBytes = 0;

  constructor(options: GraphQLOverHttpOptions) {
    this.#options = options;
    this.#headers = {
      'application/json': headersOf('application/json', options.upstream),
      'application/graphql-response+json': headersOf('application/graphql-response+json', options.upstream),
    };
  }

  /**
   * Answers if that takes no more than writing JSON.
   *
   * @returns null: it is answered; else what is known of the request, for `answerByYoga`
   */
  async answer(req: IncomingMessage, res: ServerResponse): Promise<Exchange | null> {
    const exchange: Exchange = { req, res };
    const mediaType = regularMediaType(req.headers.accept);
    // Yoga writes the headers that let a page of another origin read the answer.
    const isOfPage = this.#options.crossOrigin.any && req.headers.origin !== undefined;
    if (mediaType === null || req.method !== 'POST' || !isJson(req.headers['content-type'] ?? '') || isOfPage)
      return exchange;
    try {
      if (!(await this.#execute(exchange))) return exchange;
    } catch {
      // Yoga awaits the same promise, and answers with its error.
      return exchange;
    }
    const { prepared, result } = exchange;
    if (prepared === undefined || isRefused(prepared) || result === undefined) return exchange;
    await this.#write(res, result, mediaType);
    // Nearly all answers are with the system at once.
    if (res.writableLength === 0) prepared.context.answer.release();
    else prepared.context.answer.follow(res);
    return null;
  }

  /** Answers by Yoga. */
  async answerByYoga(exchange: Exchange): Promise<void> {
    const { req, res } = exchange;
    await this.#options.yoga(req, res, exchange);
  }

  /** @returns whether there is a result without errors */
  async #execute(exchange: Exchange): Promise<boolean> {
    const { authenticator, operations, baseUrlOf, hasTrustedDocuments } = this.#options;
    const { req } = exchange;
    exchange.authenticated = authenticateOrRefuse(authenticator, bearerToken(req.headers.authorization));
    // Nothing of a request is read before it is known whose it is.
    const caller = await exchange.authenticated;
    exchange.body = readJsonBody(req);
    const params = paramsOf(await exchange.body, hasTrustedDocuments);
    if (params === null) return false;
    const preparing = operations.prepare({ params, caller, baseUrl: baseUrlOf(req) });
    const prepared = preparing instanceof Promise ? await preparing : preparing;
    exchange.prepared = prepared;
    if (isRefused(prepared) || isSubscription(prepared)) return false;
    const executing = operations.execute(prepared);
    const result = executing instanceof Promise ? await executing : executing;
    exchange.result = result;
    return result.errors === undefined;
  }

  async #write(res: ServerResponse, result: ExecutionResult, mediaType: MediaType): Promise<void> {
    const body = JSON.stringify(result);
    const length = Buffer.byteLength(body);
    if (this.#heldBytes + length <= MAX_HELD_BYTES) {
      this.#heldBytes += length;
      await this.#endOfTurn();
    }
    res.writeHead(200, [...this.#headers[mediaType], 'content-length', String(length)]);
    res.end(body, length === body.length ? 'latin1' : 'utf8');
  }

  /**
   * Answers are written in a row, after everything that has arrived was handled: clients that sleep are woken for many. Only
   * MAX_HELD_BYTES wait for that: what is written counts as unread, and Node stops reading from a client that reads too little.
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

/** @returns null for anything but the parameters of an operation: Yoga says what is wrong with it */
function paramsOf(body: object, hasTrustedDocuments: boolean): OperationParams | null {
  if (Array.isArray(body)) return null;
  for (const name of Object.keys(body)) if (!PARAMS.has(name)) return null;
  const { query, documentId, operationName, variables }: Readonly<Record<string, unknown>> = { ...body };
  if (!hasTrustedDocuments && (typeof query !== 'string' || documentId !== undefined)) return null;
  if (operationName != null && typeof operationName !== 'string') return null;
  if (variables != null && !isRecord(variables)) return null;
  return { query, documentId, operationName, variables };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function headersOf(mediaType: string, upstream: UpstreamKind): readonly string[] {
  const upstreamHeader = upstream === 'public' ? [] : [UPSTREAM_HEADER, upstream];
  return [...GRAPHQL_HEADERS.flat(), ...upstreamHeader, 'content-type', `${mediaType}; charset=utf-8`];
}

/** How a result that is no stream can be written; of two that fit equally, the later. */
const MEDIA_TYPES = ['application/graphql-response+json', 'application/json'] as const;

/**
 * The type that Yoga answers a query with.
 *
 * @param accept the Accept header
 * @returns null when it takes neither, or Yoga would have to look closer
 */
export function regularMediaType(accept: string | undefined): (typeof MEDIA_TYPES)[number] | null {
  if (accept === undefined || accept === '*/*' || accept === 'application/json') return 'application/json';
  const types = accept.toLowerCase();
  if (types.includes('charset')) return null;
  const first = types
    .split(',')
    .map((item) => item.split(';', 1)[0]?.trim())
    .find(
      (type) => type === '*/*' || type === 'application/*' || MEDIA_TYPES.some((known) => known === type),
    );
  if (first === undefined) return null;
  return first === 'application/graphql-response+json' ? first : 'application/json';
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionResult, GraphQLError, GraphQLSchema } from 'graphql';
import type { Authenticator } from '../auth/authenticator.ts';
import type { Caller } from '../domain/caller.ts';
import { UPSTREAM_HEADER, type UpstreamKind } from '../domain/upstream-kind.ts';
import type { Answer } from '../graphql/answer-budget.ts';
import type { GraphQLContext } from '../graphql/context.ts';
import { bearerToken } from './bearer-token.ts';
import { CompiledQueries } from './compiled-queries.ts';
import type { CrossOrigin } from './cross-origin.ts';
import type { Documents } from './document/documents.ts';
import { GRAPHQL_HEADERS } from './graphql-headers.ts';
import { type PlainParams, plainParams } from './plain-params.ts';
import { regularMediaType } from './regular-media-type.ts';
import { isJson, type ReadAhead, readJsonBody } from './request-body.ts';
import type { TrustedDocuments } from './trusted-documents.ts';

/** What plain queries are answered with. */
export interface PlainQueriesOptions {
  readonly schema: GraphQLSchema;
  readonly documents: Documents;
  readonly authenticator: Authenticator;
  /** Makes the context of one operation. */
  readonly createContext: (caller: Caller, baseUrl: string) => GraphQLContext;
  /** The gateway's URL for the client of a request. */
  readonly baseUrlOf: (request: IncomingMessage) => string;
  readonly crossOrigin: CrossOrigin;
  /** The only documents that are run; null: any. */
  readonly trusted: TrustedDocuments | null;
  /** Told of by a header of each answer, unless it is public. */
  readonly upstream: UpstreamKind;
}

/** A query under way, and the memory of its answer. */
interface Running {
  readonly answer: Answer;
  /** Null: it has to be answered the long way. */
  readonly result: ExecutionResult | null | Promise<ExecutionResult | null>;
}

/** Of all answers that wait at a time. What comes beyond is written at once. */
const MAX_HELD_BYTES = 256 * 1024;

/**
 * Answers what frontends ask most, a query POSTed as JSON that succeeds, without the Request, Response and hooks that
 * Yoga makes for each. Whatever is otherwise in any way, errors included, is Yoga's to answer, from the start: so there
 * is one set of rules and one wording. Running a query twice changes nothing.
 */
export class PlainQueries {
  readonly #options: PlainQueriesOptions;
  readonly #compiled: CompiledQueries;
  /** By media type. Written in one call: a header that was set before makes Node merge them, which takes about a seventh of a query's time. */
  readonly #headers;
  #turn: Promise<void> | undefined;
  /** Of the answers that wait for the end of the turn. */
  #heldBytes = 0;

  constructor(options: PlainQueriesOptions) {
    this.#options = options;
    this.#compiled = new CompiledQueries(options.documents, options.schema);
    this.#headers = {
      'application/json': headersOf('application/json', options.upstream),
      'application/graphql-response+json': headersOf('application/graphql-response+json', options.upstream),
    };
  }

  /**
   * @param ahead gets what was read of the request
   * @returns false when Yoga has to answer: nothing was written
   */
  async answer(request: IncomingMessage, response: ServerResponse, ahead: ReadAhead): Promise<boolean> {
    const mediaType = regularMediaType(request.headers.accept);
    if (mediaType === null || request.method !== 'POST' || !isJson(request.headers['content-type'] ?? ''))
      return false;
    const { authenticator, crossOrigin, trusted } = this.#options;
    // Yoga writes the headers that let a page of another origin read the answer.
    if (crossOrigin.any && request.headers.origin !== undefined) return false;
    // Nothing of a request is read before it is known whose it is.
    let running: Running | null = null;
    let result: ExecutionResult | null = null;
    try {
      const caller = await authenticator.authenticate(bearerToken(request.headers.authorization));
      ahead.body = readJsonBody(request);
      const params = plainParams(await ahead.body, trusted);
      running = params === null ? null : this.#run(params, caller, request);
      result = running === null ? null : await running.result;
    } catch {
      result = null;
    }
    if (running === null) return false;
    const { answer } = running;
    if (result === null || result.errors !== undefined) {
      answer.release();
      return false;
    }
    const body = JSON.stringify(result);
    const length = Buffer.byteLength(body);
    if (this.#heldBytes + length <= MAX_HELD_BYTES) {
      this.#heldBytes += length;
      await this.#endOfTurn();
    }
    response.writeHead(200, [...this.#headers[mediaType], 'content-length', String(length)]);
    response.end(body, length === body.length ? 'latin1' : 'utf8');
    // Nearly all answers are with the system at once.
    if (response.writableLength === 0) answer.release();
    else answer.follow(response);
    return true;
  }

  /**
   * Answers are written in a row, once all that has come in is seen to: clients that sleep are woken for many. Only so
   * much waits for that: what is written counts as unread, and Node stops reading from whoever reads too little.
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

  /** @returns null for what has to be answered the long way */
  #run(
    { query, operationName, variables }: PlainParams,
    caller: Caller,
    request: IncomingMessage,
  ): Running | null {
    const compiled = this.#compiled.find({ query, operationName });
    if (compiled === null) return null;
    const { createContext, baseUrlOf } = this.#options;
    const context = createContext(caller, baseUrlOf(request));
    const { answer } = context;
    const run = (refused: GraphQLError | null) =>
      // Errors, those of entities that have no room included, are told the long way.
      refused === null && answer.maxEntities === Infinity ? compiled.run({}, context, variables) : null;
    const admitted = this.#options.documents.admit({ measured: compiled.measured, variables, answer });
    return { answer, result: admitted instanceof Promise ? admitted.then(run) : run(admitted) };
  }
}

function headersOf(mediaType: string, upstream: UpstreamKind): readonly string[] {
  const upstreamHeader = upstream === 'public' ? [] : [UPSTREAM_HEADER, upstream];
  return [...GRAPHQL_HEADERS.flat(), ...upstreamHeader, 'content-type', `${mediaType}; charset=utf-8`];
}

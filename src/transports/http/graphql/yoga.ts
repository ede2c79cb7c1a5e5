import type { IncomingMessage } from 'node:http';
import type { GraphQLSchema } from 'graphql';
import { createYoga, type Plugin, processRegularResult, type YogaLogger } from 'graphql-yoga';
import type { Authenticator } from '../../../auth/authenticator.ts';
import { validTraceparent } from '../../../domain/traceparent.ts';
import { emitFault } from '../../../events/emit-fault.ts';
import type { EventEmitter } from '../../../events/gateway-events.ts';
import { PersistedQueryError } from '../../../operations/document-lookup.ts';
import type { Operation, Refused } from '../../../operations/operation.ts';
import { type Operations, isRefused } from '../../../operations/operations.ts';
import { maskError, originalOf, textOf, type WrittenResult } from '../../../operations/results.ts';
import type { OwnerRate } from '../../../store/owner-rate.ts';
import { authenticateOrRefuse, bearerToken } from '../../authentication.ts';
import { type CallbackSubscriptions, useCallbacks } from '../../callback/subscriptions.ts';
import { type OwnerStreams, streamKey, tooManyStreams } from '../../owner-streams.ts';
import type { UploadSlots } from '../uploads/upload-slots.ts';
import { isEventStream } from './events/event-format.ts';
import { useEventStreams } from './events/use-event-streams.ts';
import { type Exchange, GRAPHQL_PATH, lastEventIdOf } from './exchange.ts';
import { useRequestBody } from './request-body.ts';

/** Options of Yoga. */
export interface YogaOptions {
  readonly schema: GraphQLSchema;
  readonly operations: Operations;
  /** The gateway's URL for the client of a request. */
  readonly baseUrlOf: (request: IncomingMessage) => string;
  readonly authenticator: Authenticator;
  readonly streams: OwnerStreams;
  readonly events: EventEmitter;
  readonly callbacks: CallbackSubscriptions;
  readonly uploads: UploadSlots;
  /** Of `uploadImage`. */
  readonly uploadRate: OwnerRate;
}

/** Reads GraphQL requests of all kinds and writes their results. */
export type Yoga = ReturnType<typeof createGraphQLYoga>;

/** Creates Yoga: it parses requests, negotiates media types and writes results as JSON. The pipeline runs the operations. */
export function createGraphQLYoga({
  schema,
  operations,
  baseUrlOf,
  authenticator,
  streams,
  callbacks,
  uploads,
  uploadRate,
  events,
}: YogaOptions) {
  return createYoga<Exchange>({
    schema,
    graphqlEndpoint: GRAPHQL_PATH,
    logging: yogaLogger(events),
    maskedErrors: { maskError },
    // useRequestBody keeps the limit, and the connection usable after it.
    maxRequestBodySize: false,
    // useRequestBody reads it itself.
    multipart: false,
    // The pipeline resolves it.
    extraParamNames: ['documentId'],
    // The server sets the headers of all answers.
    cors: false,
    landingPage: false,
    // The pipeline has its own.
    parserAndValidationCache: false,
    // The server has a page of its own.
    graphiql: false,
    plugins: [
      useAuthentication(authenticator),
      useRequestBody(uploads, uploadRate, operations),
      useOperations({ operations, baseUrlOf, streams }),
      useEventStreams(),
      useCallbacks(callbacks),
      usePlainJsonForPersistedQueries(),
      useGraphQLHeaders(),
      useRefusals(operations),
    ],
  });
}

/** Yoga logs an error or a text: both are emitted as faults. Its other lines tell what it does. */
function yogaLogger(events: EventEmitter): YogaLogger {
  const write =
    (level: 'warn' | 'error') =>
    (...[first]: unknown[]) => {
      const logged = originalOf(first);
      if (logged instanceof Error)
        emitFault(events, 'server', level, 'a GraphQL request failed', { err: logged });
      else emitFault(events, 'server', level, String(logged));
    };
  return { debug: () => {}, info: () => {}, warn: write('warn'), error: write('error') };
}

/** Authenticates the caller before the body of the request is read. */
function useAuthentication(authenticator: Authenticator): Plugin<object, Exchange> {
  return {
    async onRequestParse({ serverContext: exchange }) {
      exchange.authenticated ??= authenticateOrRefuse(
        authenticator,
        bearerToken(exchange.req.headers.authorization),
      );
      exchange.caller = await exchange.authenticated;
    },
  };
}

/** Options of `useOperations`. */
interface UseOperationsOptions {
  readonly operations: Operations;
  /** The gateway's URL for the client of a request. */
  readonly baseUrlOf: (request: Exchange['req']) => string;
  readonly streams: OwnerStreams;
}

/** Runs Yoga's operations in the pipeline. */
function useOperations({ operations, baseUrlOf, streams }: UseOperationsOptions): Plugin<Exchange, Exchange> {
  return {
    async onParams({ params, context: exchange, setParams, setResult }) {
      const { caller, req } = exchange;
      const { query, operationName, variables, extensions } = params;
      // Yoga refuses a query that is not a string.
      if ((query != null && typeof query !== 'string') || caller === undefined) return;
      exchange.prepared ??= await operations.prepare({
        params,
        caller,
        baseUrl: baseUrlOf(req),
        transport: req.method === 'POST' && extensions?.['subscription'] != null ? 'callback' : 'http',
        lastEventId: lastEventIdOf(req),
        traceparent: validTraceparent(req.headers['traceparent']),
      });
      // Yoga refuses a missing query and an empty name, which the pipeline accepts, and unknown parameters, which are ignored.
      const named = operationName == null || operationName === '' ? {} : { operationName };
      const maps = {
        ...(variables == null ? {} : { variables }),
        ...(extensions == null ? {} : { extensions }),
      };
      setParams({ ...named, ...maps, query: query ?? '' });
      if (isRefused(exchange.prepared)) setResult(refusalOf(exchange.prepared));
    },
    onParse({ context, setParsedDocument }) {
      setParsedDocument(preparedOf(context).plan.document);
    },
    onValidate({ setResult }) {
      setResult([]);
    },
    onExecute({ args, setExecuteFn }) {
      const exchange: Exchange = args.contextValue;
      const operation = preparedOf(exchange);
      operation.context.answer.follow(exchange.res);
      exchange.isHandedOver = true;
      setExecuteFn(() => exchange.result ?? operations.execute(operation));
    },
    onSubscribe({ args, setSubscribeFn, setResultAndStopExecution }) {
      const exchange: Exchange = args.contextValue;
      const operation = preparedOf(exchange);
      const { res } = exchange;
      const close = streams.open(streamKey(operation.caller));
      if (close === null) return setResultAndStopExecution({ errors: [tooManyStreams()] });
      if (res.destroyed) close();
      else res.once('close', close);
      exchange.isHandedOver = true;
      setSubscribeFn(async () => {
        const outcome = await operations.subscribe(operation);
        if (!isRefused(outcome)) exchange.stream = outcome;
        return outcome;
      });
    },
  };
}

/** Tells the pipeline of operations that are refused before it executes them, and not by itself. */
function useRefusals(operations: Operations): Plugin<object, Exchange> {
  return {
    onResultProcess({ result, serverContext: { prepared = null, isHandedOver = false } }) {
      if (isHandedOver || Array.isArray(result) || !('errors' in result)) return;
      if (prepared === null || !isRefused(prepared))
        operations.refused(result.errors ?? [], 'http', prepared);
    },
  };
}

/** Yoga would leave out the locations of the errors, as they have neither nodes nor source. */
function refusalOf(refused: Refused): WrittenResult {
  return { ...refused, stringify: () => textOf(refused) };
}

function preparedOf({ prepared }: Exchange): Operation {
  if (prepared === undefined || isRefused(prepared)) throw new Error('The operation was not prepared.');
  return prepared;
}

/**
 * Answers a client that has to send its document once more in plain JSON, with status 200. Some clients (Apollo iOS) prefer the other media
 * type, but read no error in an answer with another status. Of those that ask for a stream of events, the executor of Hive Gateway sends the
 * document only after an answer that is not a stream, and urql sends it twice after one that is.
 */
function usePlainJsonForPersistedQueries(): Plugin {
  return {
    onResultProcess(processing) {
      const { request, result } = processing;
      if (Array.isArray(result) || !('errors' in result)) return;
      const { errors = [] } = result;
      if (!errors.some((error) => error instanceof PersistedQueryError)) return;
      if (/application\/json|multipart\/mixed|text\/event-stream/i.test(request.headers.get('accept') ?? ''))
        processing.setResultProcessor(processRegularResult, 'application/json');
    },
  };
}

/** Headers of every answer of the GraphQL endpoint. */
export const GRAPHQL_HEADERS = [
  ['x-content-type-options', 'nosniff'],
  // An answer is for its caller only.
  ['cache-control', 'no-store'],
  // Caches must not give the answer to one origin to another.
  ['vary', 'accept, origin'],
] as const;

/** Adds the headers of every answer. */
function useGraphQLHeaders(): Plugin {
  return {
    onResponse({ response: { headers } }) {
      for (const [name, value] of GRAPHQL_HEADERS) headers.set(name, value);
      // Otherwise nginx buffers the events of a stream.
      if (isEventStream(headers.get('content-type') ?? '')) headers.set('x-accel-buffering', 'no');
    },
  };
}

import type { IncomingMessage } from 'node:http';
import { createYoga, type Plugin, type YogaLogger } from 'graphql-yoga';
import type { GraphQLSchema } from 'graphql';
import type { Authenticator } from '../../../auth/authenticator.ts';
import type { Operations } from '../../../operations/operations.ts';
import { maskError, originalOf } from '../../../operations/result-errors.ts';
import type { TrustedDocuments } from '../../../operations/trusted-documents.ts';
import type { OwnerRate } from '../../../store/owner-rate.ts';
import { type CallbackSubscriptions, useCallbacks } from '../../callback/subscriptions.ts';
import { useAcceptable, useOperations } from './use-operations.ts';
import { authenticateOrRefuse, bearerToken } from '../../authentication.ts';
import type { CrossOrigin } from '../addresses/cross-origin.ts';
import type { Exchange } from './exchange.ts';
import { useGraphQLHeaders } from './graphql-headers.ts';
import type { OwnerStreams } from '../../owner-streams.ts';
import { useRequestBody } from './request-body.ts';
import type { UploadSlots } from '../uploads/upload-slots.ts';

/** Where GraphQL is served, over HTTP and WebSocket. */
export const GRAPHQL_PATH = '/graphql';

/** What Yoga works with. */
export interface YogaOptions {
  readonly schema: GraphQLSchema;
  readonly operations: Operations;
  /** The gateway's URL for the client of a request. */
  readonly baseUrlOf: (request: IncomingMessage) => string;
  readonly authenticator: Authenticator;
  readonly streams: OwnerStreams;
  readonly crossOrigin: CrossOrigin;
  /** The only documents that are run; null: any. */
  readonly trusted: TrustedDocuments | null;
  readonly log: YogaLogger;
  readonly callbacks: CallbackSubscriptions;
  readonly uploads: UploadSlots;
  /** Of `uploadImage`. */
  readonly uploadRate: OwnerRate;
}

/** Reads GraphQL requests of all kinds and writes their results. */
export type Yoga = ReturnType<typeof createGraphQLYoga>;

/** Yoga as the HTTP side of the pipeline: it negotiates, parses requests and writes results; the pipeline runs the operations. */
export function createGraphQLYoga({
  schema,
  operations,
  baseUrlOf,
  authenticator,
  streams,
  crossOrigin,
  callbacks,
  uploads,
  uploadRate,
  trusted,
  log,
}: YogaOptions) {
  return createYoga<Exchange>({
    schema,
    graphqlEndpoint: GRAPHQL_PATH,
    logging: { ...log, error: (error: unknown) => log.error(originalOf(error)) },
    maskedErrors: { maskError },
    // useRequestBody keeps the limit, and the connection usable after it.
    maxRequestBodySize: false,
    // useRequestBody reads it itself.
    multipart: false,
    // The pipeline resolves it.
    extraParamNames: ['documentId'],
    cors: crossOrigin.any && ((request) => crossOrigin.headersFor(request)),
    landingPage: false,
    // The pipeline has its own.
    parserAndValidationCache: false,
    // The server has a page of its own.
    graphiql: false,
    plugins: [
      useAuthentication(authenticator),
      useRequestBody(trusted, uploads, uploadRate),
      useOperations({ operations, baseUrlOf, streams }),
      useCallbacks(callbacks),
      useAcceptable(),
      useGraphQLHeaders(),
    ],
  });
}

/** Finds the caller before anything of the request is read. */
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

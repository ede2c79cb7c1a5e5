import type { IncomingMessage, ServerResponse } from 'node:http';
import { createYoga, type YogaLogger } from 'graphql-yoga';
import { GraphQLError, type GraphQLSchema } from 'graphql';
import type { Authenticator } from '../auth/authenticator.ts';
import type { Caller } from '../domain/caller.ts';
import type { GraphQLContext } from '../graphql/context.ts';
import { useAcceptable } from './acceptable.ts';
import { useAuthentication } from './authentication.ts';
import type { CrossOrigin } from './cross-origin.ts';
import { useCallbacks } from './callback/plugin.ts';
import type { CallbackSubscriptions } from './callback/subscriptions.ts';
import type { CheckedDocument, Documents } from './document/documents.ts';
import { useDocuments } from './document/plugin.ts';
import { useGraphQLHeaders } from './graphql-headers.ts';
import { useHiddenSchema } from './hidden-schema.ts';
import { useInputErrors } from './input-errors.ts';
import { maskError } from './mask-error.ts';
import { type OwnerStreams, useOwnerStreams } from './owner-streams.ts';
import { useFeeds } from './quiet-feed.ts';
import { type ReadAhead, useRequestBody } from './request-body.ts';
import type { OwnerRate } from '../store/owner-rate.ts';
import type { TrustedDocuments } from './trusted-documents.ts';
import type { UploadSlots } from './upload-slots.ts';

/** Where GraphQL is served, over HTTP and WebSocket. */
export const GRAPHQL_PATH = '/graphql';

/** What the GraphQL endpoint works with. */
export interface YogaOptions {
  readonly schema: GraphQLSchema;
  readonly documents: Documents;
  /** Makes the context of one operation. */
  readonly createContext: (caller: Caller, baseUrl: string) => GraphQLContext;
  /** The gateway's URL for the client of a request. */
  readonly baseUrlOf: (request: IncomingMessage) => string;
  readonly authenticator: Authenticator;
  readonly streams: OwnerStreams;
  readonly crossOrigin: CrossOrigin;
  /** The only documents that are run; null: any. */
  readonly trusted: TrustedDocuments | null;
  /** False: neither introspection nor suggestions. */
  readonly introspection: boolean;
  readonly log: YogaLogger;
  readonly callbacks: CallbackSubscriptions;
  readonly uploads: UploadSlots;
  /** Of `uploadImage`. */
  readonly uploadRate: OwnerRate;
}

/** What an operation's context begins with: over HTTP all of it, over WebSocket the caller and the URL. */
interface ServerContext extends ReadAhead {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** Set once it is known. */
  caller?: Caller;
  /** The document that was checked for this operation. */
  checked?: CheckedDocument;
  /** The gateway's URL for the client of a socket. */
  readonly baseUrl?: string;
}

/** The GraphQL endpoint. */
export type Yoga = ReturnType<typeof createGraphQLEndpoint>;

/** Yoga, with what it leaves open closed: body size, document size, cross-site forms, error messages. */
export function createGraphQLEndpoint(options: YogaOptions) {
  const {
    schema,
    documents,
    createContext,
    baseUrlOf,
    authenticator,
    streams,
    crossOrigin,
    callbacks,
    uploads,
    uploadRate,
    trusted,
    introspection,
    log,
  } = options;
  return createYoga<ServerContext, GraphQLContext>({
    schema,
    context: ({ caller, baseUrl, req }) => {
      if (caller === undefined) throw new Error('Nobody was told to be the caller.');
      return createContext(caller, baseUrl ?? baseUrlOf(req));
    },
    graphqlEndpoint: GRAPHQL_PATH,
    logging: { ...log, error: (error: unknown) => log.error(originalOf(error)) },
    maskedErrors: { maskError },
    // useRequestBody keeps the limit, and the connection usable after it.
    maxRequestBodySize: false,
    // useRequestBody reads it itself.
    multipart: false,
    // useRequestBody knows what to make of it.
    extraParamNames: ['documentId'],
    cors: crossOrigin.any && ((request) => crossOrigin.headersFor(request)),
    landingPage: false,
    // useDocuments has checked all documents, and keeps them.
    parserAndValidationCache: false,
    // The server has a page of its own.
    graphiql: false,
    plugins: [
      useAuthentication(authenticator),
      useRequestBody(trusted, uploads, uploadRate),
      useDocuments(documents),
      ...(introspection ? [] : [useHiddenSchema()]),
      useInputErrors(),
      useFeeds(),
      useOwnerStreams(streams),
      useCallbacks(callbacks),
      useAcceptable(),
      useGraphQLHeaders(),
    ],
  });
}

/** What was thrown, with its cause, which GraphQL's own error leaves out. */
function originalOf(error: unknown): unknown {
  return error instanceof GraphQLError ? (error.originalError ?? error) : error;
}

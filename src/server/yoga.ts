import type { IncomingMessage } from 'node:http';
import { createYoga, type YogaLogger } from 'graphql-yoga';
import { GraphQLError, type GraphQLSchema } from 'graphql';
import type { GraphQLContext } from '../graphql/context.ts';
import { useAcceptable } from './acceptable.ts';
import { useCallbacks } from './callback/plugin.ts';
import type { CallbackSubscriptions } from './callback/subscriptions.ts';
import { documentCache } from './document-cache.ts';
import { useDocumentCost } from './document-cost.ts';
import { useDocumentLimits } from './document-limits.ts';
import { graphiql } from './graphiql.ts';
import { useInputErrors } from './input-errors.ts';
import { maskError } from './mask-error.ts';
import { useRequestBody } from './request-body.ts';
import { useVariableLimits } from './variable-limits.ts';

/** Where GraphQL is served, over HTTP and WebSocket. */
export const GRAPHQL_PATH = '/graphql';

/** What the GraphQL endpoint works with. */
export interface YogaOptions {
  readonly schema: GraphQLSchema;
  /** Makes the context of one operation. */
  readonly createContext: () => GraphQLContext;
  readonly log: YogaLogger;
  readonly callbacks: CallbackSubscriptions;
  /** For GraphiQL's first document. */
  readonly sampleImageUrl: string | null;
}

/** The GraphQL endpoint. */
export type Yoga = ReturnType<typeof createGraphQLEndpoint>;

/** Yoga, with what it leaves open closed: body size, document size, cross-site forms, error messages. */
export function createGraphQLEndpoint({
  schema,
  createContext,
  log,
  callbacks,
  sampleImageUrl,
}: YogaOptions) {
  return createYoga<{ req: IncomingMessage }, GraphQLContext>({
    schema,
    context: () => createContext(),
    graphqlEndpoint: GRAPHQL_PATH,
    logging: { ...log, error: (error: unknown) => log.error(originalOf(error)) },
    maskedErrors: { maskError },
    // useRequestBody keeps the limit, and the connection usable after it.
    maxRequestBodySize: false,
    multipart: false,
    // No other site's page may read answers; the embedding of other origins is for an allow-list to permit.
    cors: false,
    landingPage: false,
    parserAndValidationCache: documentCache(),
    ...graphiql(sampleImageUrl),
    plugins: [
      useRequestBody(),
      useDocumentLimits(),
      useDocumentCost(),
      useVariableLimits(),
      useInputErrors(),
      useCallbacks(callbacks),
      useAcceptable(),
    ],
  });
}

/** What was thrown, with its cause, which GraphQL's own error leaves out. */
function originalOf(error: unknown): unknown {
  return error instanceof GraphQLError ? (error.originalError ?? error) : error;
}

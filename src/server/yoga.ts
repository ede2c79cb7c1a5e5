import { createLRUCache, createYoga, type Plugin, type YogaLogger } from 'graphql-yoga';
import { type DocumentNode, GraphQLError, type GraphQLSchema } from 'graphql';
import type { GraphQLContext } from '../graphql/context.ts';
import { useDocumentLimits } from './document-limits.ts';
import { graphiql } from './graphiql.ts';
import { maskError } from './mask-error.ts';

/** Where GraphQL is served, over HTTP and WebSocket. */
export const GRAPHQL_PATH = '/graphql';

const MAX_BODY_BYTES = 1024 * 1024;
/** Parsed documents that are kept; with the limits on a document this bounds their memory. */
const CACHED_DOCUMENTS = 200;

/** What the GraphQL endpoint works with. */
export interface YogaOptions {
  readonly schema: GraphQLSchema;
  /** Makes the context of one operation. */
  readonly createContext: () => GraphQLContext;
  readonly log: YogaLogger;
  /** For GraphiQL's first document. */
  readonly sampleImageUrl: string | null;
}

/** The GraphQL endpoint. */
export type Yoga = ReturnType<typeof createGraphQLEndpoint>;

/** Yoga, with what it leaves open closed: body size, document size, cross-site forms, error messages. */
export function createGraphQLEndpoint({ schema, createContext, log, sampleImageUrl }: YogaOptions) {
  return createYoga<object, GraphQLContext>({
    schema,
    context: () => createContext(),
    graphqlEndpoint: GRAPHQL_PATH,
    logging: log,
    maskedErrors: { maskError },
    maxRequestBodySize: MAX_BODY_BYTES,
    multipart: false,
    // No other site's page may read answers; the embedding of other origins is for an allow-list to permit.
    cors: false,
    landingPage: false,
    parserAndValidationCache: {
      documentCache: createLRUCache<DocumentNode>({ max: CACHED_DOCUMENTS }),
      errorCache: createLRUCache<Error>({ max: CACHED_DOCUMENTS }),
    },
    ...graphiql(sampleImageUrl),
    plugins: [useJsonOnly(), useDocumentLimits()],
  });
}

/**
 * A page of another site can make a browser POST a form or plain text without asking first, and so start jobs.
 * JSON it can't, so JSON is all that is taken.
 */
function useJsonOnly(): Plugin {
  return {
    onRequestParse({ request }) {
      if (request.method !== 'POST') return;
      const type = request.headers.get('content-type') ?? '';
      if (/^application\/(graphql\+)?json\s*(;|$)/i.test(type)) return;
      throw new GraphQLError('POST takes a JSON body: set content-type to application/json.', {
        extensions: { code: 'UNSUPPORTED_MEDIA_TYPE', http: { status: 415 } },
      });
    },
  };
}

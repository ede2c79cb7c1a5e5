import type { YogaServerOptions } from 'graphql-yoga';
import type { DocumentNode } from 'graphql';
import { recentlyUsed } from './recently-used.ts';

/** Parsed documents that are kept. */
const CACHED_DOCUMENTS = 100;
/** UTF-16 units; programs send shorter ones again and again. A parsed document takes a hundred times the memory of its text. */
export const MAX_CACHED_LENGTH = 4096;

/** Keeps what programs send again and again: short documents without a syntax error. The rest is parsed anew. */
export function documentCache(): Exclude<
  YogaServerOptions<object, object>['parserAndValidationCache'],
  boolean | undefined
> {
  const documents = recentlyUsed<DocumentNode>(CACHED_DOCUMENTS);
  return {
    documentCache: {
      get: (text) => documents.get(text),
      set: (text, document) => {
        if (text.length <= MAX_CACHED_LENGTH) documents.set(text, document);
      },
    },
    errorCache: { get: () => undefined, set: () => {} },
  };
}

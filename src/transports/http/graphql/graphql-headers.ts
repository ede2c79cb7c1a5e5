import type { Plugin } from 'graphql-yoga';

/** What every answer of the GraphQL endpoint has. */
export const GRAPHQL_HEADERS = [
  ['x-content-type-options', 'nosniff'],
  // Answers are for their caller alone.
  ['cache-control', 'no-store'],
  // Caches must not give one origin what was said to another.
  ['vary', 'accept, origin'],
] as const;

/** Corrects the headers that Yoga writes itself. */
export function useGraphQLHeaders(): Plugin {
  return {
    onResponse({ response: { headers } }) {
      for (const [name, value] of GRAPHQL_HEADERS) headers.set(name, value);
      // Yoga writes `none`, which is no encoding: proxies that do not know it hold the answer back, or refuse it.
      headers.delete('content-encoding');
      // nginx would gather the events of a stream before it passes them on.
      if (isStream(headers.get('content-type'))) headers.set('x-accel-buffering', 'no');
    },
  };
}

function isStream(contentType: string | null): boolean {
  return /^(?:text\/event-stream|multipart\/mixed)\b/.test(contentType ?? '');
}

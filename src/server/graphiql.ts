import { readdirSync, readFileSync } from 'node:fs';
import type { YogaServerOptions } from 'graphql-yoga';

const OPERATIONS = new URL('../../schema/operations/', import.meta.url);

/**
 * GraphiQL, all in one page with no request to another host, opening with the documents of schema/operations as its
 * tabs.
 *
 * @param sampleImageUrl an image that the upstream can fetch, for the first document; null for the one in its file
 */
export function graphiql(
  sampleImageUrl: string | null,
): Pick<YogaServerOptions<object, object>, 'graphiql' | 'renderGraphiQL'> {
  return {
    renderGraphiQL: async (options) => {
      // It is 30 MB of text, which only those who look at it shall pay for.
      const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
      return renderGraphiQL(options).replace('</head>', `${TAB_STYLE}</head>`);
    },
    graphiql: {
      title: 'Reelgate',
      subscriptionsProtocol: 'WS',
      defaultTabs: readOperations(sampleImageUrl),
    },
  };
}

/**
 * With default tabs GraphiQL's tabs begin with a stuck offset that shows at the first press of a button: the tab jumps
 * away from under the pointer and the click is lost.
 */
const TAB_STYLE = '<style>.graphiql-tab { transform: none !important; }</style>';

function readOperations(sampleImageUrl: string | null) {
  const names = readdirSync(OPERATIONS).toSorted();
  const read = (name: string) => readFileSync(new URL(name, OPERATIONS), 'utf8');
  return names
    .filter((name) => name.endsWith('.graphql'))
    .map((name) => {
      const query = read(name).replace(SAMPLE_IMAGE, (image) => sampleImageUrl ?? image);
      const variables = name.replace('.graphql', '.variables.json');
      return names.includes(variables) ? { query, variables: read(variables) } : { query };
    });
}

/** The image in the first document; the sandbox has one of its own, which needs no other host. */
const SAMPLE_IMAGE = /https:\/\/segmind-resources[^"]+/;

import { readdirSync, readFileSync } from 'node:fs';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
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
    renderGraphiQL,
    graphiql: {
      title: 'Reelgate',
      subscriptionsProtocol: 'WS',
      defaultTabs: readOperations(sampleImageUrl),
    },
  };
}

function readOperations(sampleImageUrl: string | null) {
  const names = readdirSync(OPERATIONS).toSorted();
  return names
    .filter((name) => name.endsWith('.graphql'))
    .map((name) => {
      const query = readFileSync(new URL(name, OPERATIONS), 'utf8');
      const variablesName = name.replace('.graphql', '.variables.json');
      if (!names.includes(variablesName)) return { query };
      const variables = JSON.parse(readFileSync(new URL(variablesName, OPERATIONS), 'utf8'));
      if (sampleImageUrl !== null && variables.input?.image !== undefined)
        variables.input.image = sampleImageUrl;
      return { query, variables: JSON.stringify(variables, null, 2) };
    });
}

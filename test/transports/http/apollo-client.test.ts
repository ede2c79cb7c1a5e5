import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { BatchHttpLink } from '@apollo/client/link/batch-http';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { print } from 'graphql';
import { expect, it } from 'vitest';
import { startGateway } from '../../support/gateway/gateway.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const LIST = gql('query List { videoJobs { nodes { id __typename } __typename } }');
const DATA = { videoJobs: { nodes: [], __typename: 'VideoJobConnection' } };

/** Apollo Client with persisted queries. */
function persistedClient(url: string, useGETForHashedQueries: boolean) {
  const requests: string[] = [];
  const http = new HttpLink({
    uri: `${url}/graphql`,
    fetch: (uri, init) => {
      const text = [uri, init?.body].filter((part) => typeof part === 'string').join(' ');
      requests.push(`${init?.method} ${/"query"|[?&]query=/.test(text) ? 'text' : 'hash'}`);
      return fetch(uri, init);
    },
  });
  const persisted = new PersistedQueryLink({
    sha256: (text) => createHash('sha256').update(text).digest('hex'),
    useGETForHashedQueries,
  });
  const link = ApolloLink.from([persisted, http]);
  const client = new ApolloClient({ cache: new InMemoryCache(), link });
  const list = async () => (await client.query({ query: LIST, fetchPolicy: 'network-only' })).data;
  return { requests, list };
}

it.each([
  ['POST', false],
  ['GET', true],
] as const)(
  'Apollo Client sends a hash by %s, then once the text',
  async (method, useGETForHashedQueries) => {
    await using gateway = await startGateway();
    const { requests, list } = persistedClient(gateway.url, useGETForHashedQueries);
    expect([await list(), await list()]).toEqual([DATA, DATA]);
    expect(requests).toEqual([`${method} hash`, 'POST text', `${method} hash`]);
  },
);

it('Apollo Client sends the text of a trusted document whose hash is not an id', async () => {
  using folder = tempFolder();
  const path = join(folder.path, 'documents.json');
  writeFileSync(path, JSON.stringify({ list: print(LIST) }));
  await using gateway = await startGateway({ settings: { TRUSTED_DOCUMENTS_FILE: path } });
  const { requests, list } = persistedClient(gateway.url, false);
  expect([await list(), await list()]).toEqual([DATA, DATA]);
  expect(requests).toEqual(['POST hash', 'POST text', 'POST text']);
});

it.each([
  ['the media types that it accepts by itself', {}],
  ['plain JSON', { accept: 'application/json' }],
])('a batch of Apollo Client is refused for each operation, with %s', async (_, headers) => {
  await using gateway = await startGateway();
  const link = new BatchHttpLink({ uri: `${gateway.url}/graphql`, headers, batchInterval: 5 });
  const client = new ApolloClient({ cache: new InMemoryCache(), link });
  const queries = [LIST, gql('query Other { videoJobs { nodes { version } } }')];
  const outcomes = await Promise.allSettled(queries.map((query) => client.query({ query })));
  for (const outcome of outcomes) {
    expect(outcome.status === 'rejected' ? outcome.reason : null).toMatchObject({
      message: expect.stringMatching(/^Batching is not supported: .* HttpLink instead of BatchHttpLink/),
      errors: [{ extensions: { code: 'BATCHING_NOT_SUPPORTED' } }],
    });
  }
});

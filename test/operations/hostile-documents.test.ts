import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SettingsFileError } from '../../src/config/settings-file.ts';
import { TrustedDocuments } from '../../src/operations/trusted-documents.ts';
import { SEND } from '../auth/send-operation.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { answerOf, http, postBody } from '../support/gateway/http.ts';
import { TRANSPORTS as PARAM_TRANSPORTS } from '../support/gateway/send-params.ts';
import { WsClient } from '../support/gateway/ws-client.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** Each transport once: the place of the token does not matter. */
const TRANSPORTS = ['POST', 'GET', 'SSE by POST', 'SSE by GET', 'WebSocket, header'];
const everyWhere = (documents: readonly [string, string, string][]) =>
  documents.flatMap(([name, query, code]) =>
    TRANSPORTS.map((transport) => ({ name, query, code, transport })),
  );

const times = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => part(index)).join(' ');
const ATTACKS: readonly [string, string, string][] = [
  ['101 aliases', `{ ${times(101, (i) => `a${i}: videoJob(id: "x") { id }`)} }`, 'data'],
  [
    '45 prompts of 100 jobs',
    `{ videoJobs(first: 100) { nodes { ${times(45, (i) => `a${i}: request { prompt }`)} } } }`,
    'DOCUMENT_TOO_EXPENSIVE',
  ],
  [
    '900,000 type names',
    `{ ${times(30, (i) => `a${i}: videoJobs(first: 100) { nodes { ...A } }`)} } fragment A on VideoJob { ${times(300, (i) => `b${i}: __typename`)} }`,
    'DOCUMENT_TOO_EXPENSIVE',
  ],
  [
    'fragments that unfold without end',
    `{ ${times(8, (i) => `a${i}: videoJob(id: "x") { ...A }`)} } fragment A on VideoJob { ${times(60, (i) => `b${i}: request { ...B }`)} } fragment B on VideoJobRequest { ${times(60, (i) => `c${i}: prompt`)} }`,
    'DOCUMENT_TOO_COMPLEX',
  ],
  ['the same field 300 times', `{ ${times(300, () => `videoJob(id: "x") { id }`)} }`, 'DOCUMENT_TOO_COMPLEX'],
  [
    '300 fragments side by side',
    `{ ${times(300, (i) => `...F${i}`)} } ${times(300, (i) => `fragment F${i} on Query { __typename }`)}`,
    'DOCUMENT_TOO_COMPLEX',
  ],
  [
    'a fragment that unfolds deep',
    `{ videoJobs { ...C } } ${times(12, (i) => `fragment F${i} on VideoJob { request { image } ${i < 11 ? `...F${i + 1}` : ''} }`)} fragment C on VideoJobConnection { edges { node { ...F0 } } }`,
    'data',
  ],
  [
    '100 times the whole schema',
    `{ ${times(100, (i) => `a${i}: __schema { types { fields { name } } }`)} }`,
    'DOCUMENT_TOO_EXPENSIVE',
  ],
  [
    'introspection in circles',
    `{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }`,
    'GRAPHQL_VALIDATION_FAILED',
  ],
  [
    '65 levels of lists',
    `{ videoJobs(status: ${'['.repeat(65)}${']'.repeat(65)}) { nodes { id } } }`,
    'DOCUMENT_TOO_LARGE',
  ],
  ['4,001 tokens', `{ ${'id '.repeat(4001)} }`, 'DOCUMENT_TOO_LARGE'],
  [
    'a fragment that spreads itself',
    `{ videoJobs { nodes { ...A } } } fragment A on VideoJob { id ...A }`,
    'GRAPHQL_VALIDATION_FAILED',
  ],
  [
    'pages in pages',
    `{ ${times(5, (i) => `a${i}: videoJobs(first: 100) { nodes { ...A } edges { node { ...A } } }`)} } fragment A on VideoJob { id version status isTerminal createdAt submittedAt startedAt finishedAt progress video { url base64 } }`,
    'DOCUMENT_TOO_EXPENSIVE',
  ],
  [
    'a subscription in circles',
    'subscription { ...A } fragment A on Subscription { ...A videoJobsUpdated { id } }',
    'GRAPHQL_VALIDATION_FAILED',
  ],
  [
    'a subscription to nothing',
    'subscription { videoJobsUpdated @include(if: false) { id } }',
    'GRAPHQL_VALIDATION_FAILED',
  ],
  [
    'a subscription to nothing if a variable says so',
    'subscription ($no: Boolean! = true) { ... @skip(if: $no) { videoJobsUpdated { id } } }',
    'GRAPHQL_VALIDATION_FAILED',
  ],
  [
    'a subscription to what a fragment may leave out',
    'subscription { ...A } fragment A on Subscription { videoJobsUpdated @include(if: true) { id } }',
    'GRAPHQL_VALIDATION_FAILED',
  ],
];

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

describe.each(everyWhere(ATTACKS))('$name over $transport', ({ query, code, transport }) => {
  it(`is answered with ${code}`, async () => {
    const outcome = await SEND[transport]?.(gateway.url, { query, token: null });
    expect(typeof outcome === 'string' ? outcome : 'data').toBe(code);
  });
});

it('a document of fourteen levels is too deep', async () => {
  // The schema has no fields of this depth: the limit is checked before the document is validated.
  const query = `{ videoJobs ${'{ a '.repeat(13)} ${'}'.repeat(13)} }`;
  const { errors } = answerOf((await postBody(gateway.url, JSON.stringify({ query }))).text);
  expect(errors?.map(({ extensions }) => extensions?.['code'])).toContain('DOCUMENT_TOO_COMPLEX');
});

it('the introspection of GraphiQL is answered', async () => {
  const { data } = answerOf(
    (await postBody(gateway.url, JSON.stringify({ query: getIntrospectionQuery() }))).text,
  );
  expect(JSON.stringify(data)).toContain('GenerateVideoInput');
});

describe('with introspection switched off', () => {
  let hidden: Gateway;
  beforeAll(async () => {
    hidden = await startGateway({ settings: { INTROSPECTION: 'false' } });
  });
  afterAll(() => hidden[Symbol.asyncDispose]());

  const messageOf = async (query: string, variables: object = {}) => {
    const { text } = await postBody(hidden.url, JSON.stringify({ query, variables }));
    return answerOf(text).errors?.[0]?.message;
  };

  it.each(TRANSPORTS)('the schema is not shown over %s', async (transport) => {
    const outcome = await SEND[transport]?.(hidden.url, {
      query: '{ __schema { types { name } } }',
      token: null,
    });
    expect(outcome).toBe('GRAPHQL_VALIDATION_FAILED');
    const type = await SEND[transport]?.(hidden.url, {
      query: '{ __type(name: "VideoJob") { name } }',
      token: null,
    });
    expect(type).toBe('GRAPHQL_VALIDATION_FAILED');
  });

  it('messages have no suggestions, neither for fields nor for values', async () => {
    expect(await messageOf('{ videoJub(id: "1") { id } }')).toBe(
      'Cannot query field "videoJub" on type "Query".',
    );
    const query = 'query ($s: [VideoJobStatus!]) { videoJobs(status: $s) { nodes { id } } }';
    expect(await messageOf(query, { s: ['QUEUE'] })).toMatch(/does not exist in "VideoJobStatus" enum\.$/);
  });

  it('GraphiQL is not served, as its tabs would show the schema', async () => {
    const { status, text } = await http(`${hidden.url}/graphql`, { headers: { accept: 'text/html' } });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(text).not.toContain('videoJobUpdated');
  });

  it('other queries work', async () => {
    expect(
      await SEND['POST']?.(hidden.url, { query: '{ __typename videoJobs { nodes { id } } }', token: null }),
    ).toMatchObject({
      data: { __typename: 'Query' },
    });
  });
});

describe('with trusted documents', () => {
  const LIST = '{ videoJobs { nodes { id } } }';
  let strict: Gateway;
  beforeAll(async () => {
    using folder = tempFolder();
    const path = write(folder.path, { 'sha256:1': LIST });
    strict = await startGateway({ settings: { TRUSTED_DOCUMENTS_FILE: path } });
  });
  afterAll(() => strict[Symbol.asyncDispose]());

  it.each(TRANSPORTS)('other documents are refused over %s', async (transport) => {
    const send = SEND[transport];
    for (const query of ['{ __typename }', '{__typename}', '{videoJobs{nodes{id}}}', `${LIST} `]) {
      expect(await send?.(strict.url, { query, token: null })).toBe('DOCUMENT_NOT_TRUSTED');
    }
    expect(await send?.(strict.url, { query: LIST, token: null })).toEqual({
      data: { videoJobs: { nodes: [] } },
    });
  });

  it.each([
    { documentId: 'sha256:1' },
    { extensions: { persistedQuery: { version: 1, sha256Hash: 'sha256:1' } } },
  ])('%j names one', async (params) => {
    const { text } = await postBody(strict.url, JSON.stringify(params));
    expect(text).toBe('{"data":{"videoJobs":{"nodes":[]}}}');
    using client = await WsClient.connect(strict.url);
    client.send({ id: '1', type: 'subscribe', payload: { query: '', ...params } });
    expect(await client.result('1')).toEqual({ data: { videoJobs: { nodes: [] } } });
  });

  it('an id in the URL is accepted', async () => {
    const { text } = await http(`${strict.url}/graphql?documentId=sha256:1`, {
      headers: { accept: 'application/json' },
    });
    expect(text).toBe('{"data":{"videoJobs":{"nodes":[]}}}');
  });

  it('an unknown id is refused', async () => {
    const { status, text } = await postBody(strict.url, JSON.stringify({ documentId: 'x' }));
    expect(status).toBe(400);
    expect(text).toContain('PERSISTED_QUERY_NOT_FOUND');
  });

  it.each(PARAM_TRANSPORTS)(
    'an unknown hash is answered so that clients send the text, over %s',
    async (_, send) => {
      const extensions = { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } };
      expect(await send(strict.url, { extensions })).toEqual({
        errors: [
          { message: 'PersistedQueryNotSupported', extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' } },
        ],
      });
      expect(await send(strict.url, { query: LIST, extensions })).toEqual({
        data: { videoJobs: { nodes: [] } },
      });
    },
  );

  it.each(['{', '[]', '{"a":1}', '{"a":"{ a"}'])('a file with %s is refused', (text) => {
    expect(() => read(text)).toThrow(SettingsFileError);
  });
});

function read(content: object | string): TrustedDocuments {
  using folder = tempFolder();
  return TrustedDocuments.read(write(folder.path, content));
}

/** Writes a file of trusted documents. @returns its path */
function write(folder: string, content: object | string): string {
  const path = join(folder, 'documents.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

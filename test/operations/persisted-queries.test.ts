import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { StoreUnavailableError } from '../../src/store/job-store.ts';
import type { RegisteredDocuments } from '../../src/store/registered-documents.ts';
import { type Gateway, OWNER, startGateway } from '../support/gateway/gateway.ts';
import { postBody, type GraphQLAnswer, http, answerOf } from '../support/gateway/http.ts';
import { searchOf, SEND_PARAMS, TRANSPORTS } from '../support/gateway/send-params.ts';
import { PNG, postForm, UPLOAD, uploadOf } from '../support/gateway/upload.ts';
import { WsClient } from '../support/gateway/ws-client.ts';
import { sharedGateway } from '../transports/http/shared-gateway.ts';

const QUERY = '{ videoJob(id: "x") { id } }';
const DATA = { data: { videoJob: null } };
const NOT_FOUND = {
  errors: [{ message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }],
};

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');
const persisted = (sha256Hash: unknown, more: object = {}) => ({
  extensions: { persistedQuery: { version: 1, sha256Hash, ...more } },
});
const ALL = {
  ownerId: OWNER,
  phases: null,
  olderThan: null,
  newerThan: null,
  ascending: false,
  limit: 10,
};
const codesOf = ({ errors }: GraphQLAnswer) => errors?.map(({ extensions }) => extensions?.['code']);

/** Sends hash and text, which registers the text. */
const register = (on: Pick<Gateway, 'url'>, query: string) =>
  SEND_PARAMS.POST(on.url, { query, ...persisted(hashOf(query)) });

const gateway = sharedGateway();
/** Documents that no other test has registered. */
let documents = 0;
const newQuery = () => `query Q${(documents += 1)} ${QUERY}`;

const post = async (params: object) =>
  answerOf((await postForm(gateway.url, uploadOf(PNG, { operations: JSON.stringify(params) }))).text);
const unavailable = () => Promise.reject(new StoreUnavailableError('secret'));

describe('a document that is named by its hash', () => {
  it.each(TRANSPORTS)('is not found, then sent with its text, then found over %s', async (_, send) => {
    const query = newQuery();
    const hash = persisted(hashOf(query));
    expect(await send(gateway.url, hash)).toEqual(NOT_FOUND);
    expect(await send(gateway.url, { query: '', ...hash })).toEqual(NOT_FOUND);
    expect(await send(gateway.url, { query, ...hash })).toEqual(DATA);
    for (const [, other] of TRANSPORTS) expect(await other(gateway.url, hash)).toEqual(DATA);
  });

  it('is found by an uppercase hash', async () => {
    const query = newQuery();
    await register(gateway, query);
    expect(await SEND_PARAMS.POST(gateway.url, persisted(hashOf(query).toUpperCase()))).toEqual(DATA);
  });

  it('has the status that clients read: 200, unless they accept no plain JSON', async () => {
    const body = JSON.stringify({ query: null, ...persisted(hashOf('unknown')) });
    const answerTo = async (accept: string) => {
      const { status, headers } = await postBody(gateway.url, body, { accept });
      return [status, headers.get('content-type')];
    };
    const plain = [200, 'application/json; charset=utf-8'];
    expect(await answerTo('*/*')).toEqual(plain);
    expect(await answerTo('application/graphql-response+json,application/json;q=0.9')).toEqual(plain);
    expect(await answerTo('multipart/mixed,application/graphql-response+json,application/json')).toEqual(
      plain,
    );
    expect(await answerTo('text/event-stream, multipart/mixed')).toEqual(plain);
    expect(await answerTo('text/event-stream')).toEqual(plain);
    const strict = 'application/graphql-response+json';
    expect(await answerTo(strict)).toEqual([400, `${strict}; charset=utf-8`]);
  });

  it('is not registered when it is invalid or refused', async () => {
    await using strict = await startGateway({ settings: { INTROSPECTION: 'false' } });
    for (const query of ['{ nope }', '{', '{ __schema { types { name } } }']) {
      expect(await register(strict, query)).not.toEqual(NOT_FOUND);
      expect(await SEND_PARAMS.POST(strict.url, persisted(hashOf(query)))).toEqual(NOT_FOUND);
    }
  });

  it('may be a mutation, which is not executed by GET', async () => {
    const mutation =
      'mutation { generateVideo(input: { image: "https://a.example/b.png", prompt: "only once" }) { __typename } }';
    await register(gateway, mutation);
    const url = `${gateway.url}/graphql?${searchOf(persisted(hashOf(mutation)))}`;
    expect((await http(url, { headers: { accept: 'application/json' } })).status).toBe(405);
    // The request that registered it started a job.
    const prompts = (await gateway.store.list(ALL)).map(({ request }) => request.prompt);
    expect(prompts.filter((prompt) => prompt === 'only once')).toHaveLength(1);
  });

  it('may be a form with a file', async () => {
    const operations = { ...persisted(hashOf(UPLOAD)), variables: { file: null } };
    expect(await post(operations)).toEqual(NOT_FOUND);
    expect(await post({ query: UPLOAD, ...operations })).toMatchObject({ data: { uploadImage: {} } });
    expect(await post(operations)).toMatchObject({ data: { uploadImage: {} } });
  });

  it('may be a subscription, which is open before later queries of the socket are executed', async () => {
    const subscription = 'subscription { videoJobsUpdated { prompt: request { prompt } } }';
    const mutation =
      'mutation { generateVideo(input: { image: "https://a.example/b.png", prompt: "x" }) { __typename } }';
    using client = await WsClient.connect(gateway.url);
    client.send({
      id: '1',
      type: 'subscribe',
      payload: { query: subscription, ...persisted(hashOf(subscription)) },
    });
    client.send({ id: '2', type: 'subscribe', payload: { query: '', ...persisted(hashOf(subscription)) } });
    client.subscribe('3', mutation);
    for (const id of ['1', '2']) {
      expect(await client.result(id)).toEqual({ data: { videoJobsUpdated: { prompt: { prompt: 'x' } } } });
    }
  });
});

describe.each(TRANSPORTS)('over %s', (_, send) => {
  it('a malformed or wrong hash is refused', async () => {
    for (const hash of ['', 'x'.repeat(1000), `${hashOf(QUERY)}\n`, `sha256:${hashOf(QUERY)}`, '__proto__']) {
      expect(await send(gateway.url, persisted(hash))).toEqual(NOT_FOUND);
      expect(codesOf(await send(gateway.url, { query: QUERY, ...persisted(hash) }))).toEqual([
        'BAD_USER_INPUT',
      ]);
    }
    const query = newQuery();
    const wrong = { query, ...persisted(hashOf(`${query} `)) };
    expect(codesOf(await send(gateway.url, wrong))).toEqual(['BAD_USER_INPUT']);
    for (const hash of [null, 1, {}, ['a']])
      expect(codesOf(await send(gateway.url, persisted(hash)))).toEqual(['BAD_USER_INPUT']);
    expect(codesOf(await send(gateway.url, persisted(hashOf(query), { version: 2 })))).toEqual([
      'PERSISTED_QUERY_NOT_SUPPORTED',
    ]);
    expect(await send(gateway.url, { query: QUERY, extensions: { persistedQuery: null } })).toEqual(DATA);
    expect(await send(gateway.url, persisted(hashOf(query)))).toEqual(NOT_FOUND);
  });

  it('a request without a document is refused', async () => {
    for (const params of [{}, { query: '' }, { extensions: {} }])
      expect(await send(gateway.url, params)).toMatchObject({
        errors: [{ message: 'The parameter `query` is missing.', extensions: { code: 'BAD_REQUEST' } }],
      });
  });

  it('an id is refused with the setting that it needs', async () => {
    expect(await send(gateway.url, { documentId: 'sha256:1' })).toMatchObject({
      errors: [
        {
          message: expect.stringContaining('TRUSTED_DOCUMENTS_FILE'),
          extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' },
        },
      ],
    });
    expect(await send(gateway.url, { documentId: 'sha256:1', query: QUERY })).toEqual(DATA);
  });

  it('an empty operation name means none', async () => {
    expect(await send(gateway.url, { query: QUERY, operationName: '' })).toEqual(DATA);
    expect(await send(gateway.url, { query: `query A ${QUERY}`, operationName: '' })).toEqual(DATA);
    const two = { query: `query A ${QUERY} query B ${QUERY}`, operationName: '' };
    expect(codesOf(await send(gateway.url, two))).toEqual(['OPERATION_RESOLUTION_FAILURE']);
  });
});

it('while the store cannot be reached, clients are asked for the text, which is executed', async () => {
  const unreachable: RegisteredDocuments = { find: unavailable, add: unavailable };
  await using alone = await startGateway({ storage: { documents: unreachable } });
  expect(await SEND_PARAMS.POST(alone.url, persisted(hashOf(QUERY)))).toEqual(NOT_FOUND);
  expect(await register(alone, QUERY)).toEqual(DATA);
  expect(alone.log.errors).toEqual([]);
});

import { describe, expect, it } from 'vitest';
import { INPUT } from '../../support/gateway/generate.ts';
import { answerOf, dataOf, exchange, http, postBody } from '../../support/gateway/http.ts';
import { sharedGateway } from './shared-gateway.ts';

const gateway = sharedGateway();

const RESPONSE = 'application/graphql-response+json';
const JSON_TYPE = 'application/json';
const BODY = '{"query":"{ __typename }"}';
const ANSWER = '{"data":{"__typename":"Query"}}';

const GENERATE = JSON.stringify({
  query: 'mutation ($input: GenerateVideoInput!) { generateVideo(input: $input) { __typename } }',
  variables: { input: INPUT },
});

/** How many jobs there are. */
async function jobCount(): Promise<number> {
  const { videoJobs } = await dataOf<{ videoJobs: { nodes: unknown[] } }>(
    gateway.url,
    '{ videoJobs { nodes { id } } }',
  );
  return videoJobs.nodes.length;
}

describe('the Accept header', () => {
  it.each([
    [RESPONSE, RESPONSE],
    [`${RESPONSE}, ${JSON_TYPE};q=0.9`, RESPONSE],
    [`${JSON_TYPE};q=0.2, ${RESPONSE};q=0.9`, RESPONSE],
    [`${JSON_TYPE};q=0.2, ${RESPONSE} ; Q=0.9`, RESPONSE],
    [`${RESPONSE};q=0, ${JSON_TYPE}`, JSON_TYPE],
    [`text/html, */*;q=0.1`, JSON_TYPE],
    [`text/csv;q=0.9, ${RESPONSE};q=0.1`, RESPONSE],
    [`${RESPONSE};charset=utf-8`, RESPONSE],
    [`${RESPONSE};charset=utf-16;q=0.9, ${JSON_TYPE};q=0.8`, JSON_TYPE],
  ])('%s is answered with %s, also an error', async (accept, type) => {
    const good = await postBody(gateway.url, BODY, { accept });
    expect([good.status, good.headers.get('content-type')]).toEqual([200, `${type}; charset=utf-8`]);
    const bad = await postBody(gateway.url, '{"query":"{ nope }"}', { accept });
    expect([bad.status, bad.headers.get('content-type')]).toEqual([
      type === RESPONSE ? 400 : 200,
      `${type}; charset=utf-8`,
    ]);
  });

  it.each(['text/csv', `${RESPONSE};charset=utf-16`, `${JSON_TYPE};q=0, image/png`])(
    '%s is answered with 406 before the operation is executed',
    async (accept) => {
      const before = await jobCount();
      const { status, text } = await postBody(gateway.url, GENERATE, { accept });
      expect([status, answerOf(text)]).toMatchObject([
        406,
        { errors: [{ extensions: { code: 'NOT_ACCEPTABLE' } }] },
      ]);
      expect(await jobCount()).toBe(before);
    },
  );
});

describe('the Content-Type header', () => {
  it.each(['application/json; charset=utf-16', 'application/json;charset="iso-8859-1"', '', RESPONSE])(
    '%j is answered with 415',
    async (type) => {
      const { status, text } = await postBody(gateway.url, BODY, { 'content-type': type });
      expect([status, answerOf(text)]).toMatchObject([
        415,
        { errors: [{ extensions: { code: 'UNSUPPORTED_MEDIA_TYPE' } }] },
      ]);
    },
  );

  it.each(['application/json;charset="UTF-8"', 'application/json; charset=utf8', 'application/json;a=b'])(
    '%j is UTF-8',
    async (type) => {
      expect((await postBody(gateway.url, BODY, { 'content-type': type })).text).toBe(ANSWER);
    },
  );
});

describe('the parameters', () => {
  it.each([
    ['unknown ones', '{"query":"{ __typename }","nope":1,"operations":[],"id":null}'],
    ['null', '{"query":"{ __typename }","variables":null,"operationName":null,"extensions":null}'],
    ['an empty map of extensions', '{"query":"{ __typename }","extensions":{}}'],
  ])('of a POST may be %s', async (_what, body) => {
    for (const accept of [RESPONSE, JSON_TYPE]) {
      const { status, text } = await postBody(gateway.url, body, { accept });
      expect([status, text]).toEqual([200, ANSWER]);
    }
  });

  it.each([
    ['empty', 'query={__typename}&variables=&operationName=&extensions='],
    ['unknown', 'query={__typename}&nope=1'],
    ['the name null', 'query=query null{__typename}&operationName=null'],
    ['the JSON null', 'query={__typename}&variables=null&extensions=null'],
    ['repeated, of which the first counts', 'query={__typename}&query={nope}'],
  ])('of a GET may be %s', async (_what, search) => {
    const { status, text } = await http(`${gateway.url}/graphql?${search}`, {
      headers: { accept: RESPONSE },
    });
    expect([status, text]).toEqual([200, ANSWER]);
  });

  it.each(['variables=x', 'variables=[1]', 'extensions=1', 'variables=%ff'])(
    'of a GET may not be %s',
    async (search) => {
      const answer = await http(`${gateway.url}/graphql?query={__typename}&${search}`);
      expect([answer.status, answerOf(answer.text)]).toMatchObject([
        400,
        { errors: [{ extensions: { code: 'BAD_REQUEST' } }] },
      ]);
    },
  );
});

describe('the method', () => {
  it.each(['PUT', 'DELETE', 'PATCH', 'HEAD', 'TRACE', 'QUERY'])('%s is answered with 405', async (method) => {
    const answer = await exchange(
      gateway.port,
      `${method} /graphql HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 405 [^]*\r\nallow: GET, POST\r\n/i);
  });

  it('GET of a mutation is answered with 405, and nothing is executed', async () => {
    const before = await jobCount();
    const { query, variables } = JSON.parse(GENERATE);
    const search = new URLSearchParams({ query, variables: JSON.stringify(variables) });
    for (const accept of [RESPONSE, JSON_TYPE]) {
      const answer = await http(`${gateway.url}/graphql?${search}`, { headers: { accept } });
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
    }
    expect(await jobCount()).toBe(before);
  });
});

it('a result with errors and null as its data is answered with 200: it was executed', async () => {
  const { status, text } = await postBody(
    gateway.url,
    JSON.stringify({ query: '{ videoJobs(first: -1) { nodes { id } } __typename }' }),
    { accept: RESPONSE },
  );
  expect(status).toBe(200);
  expect(answerOf(text)).toMatchObject({ data: null, errors: [{}] });
});

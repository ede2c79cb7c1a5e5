import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { answerOf, exchange, http, type HttpAnswer, postBody } from '../../support/gateway/http.ts';
import { WsClient } from '../../support/gateway/ws-client.ts';
import { sharedGateway } from './shared-gateway.ts';

const RESPONSE_JSON = 'application/graphql-response+json';
const MIB = 1024 * 1024;

const gateway = sharedGateway();

afterEach(async () => {
  using client = await WsClient.connect(gateway.url);
  await client.processed();
});

/** Posts a body that must be refused with this status. @returns the codes of the errors */
async function refused(
  status: number,
  body: BodyInit,
  headers: Readonly<Record<string, string>> = {},
): Promise<unknown[]> {
  const answer = await postBody(gateway.url, body, { accept: RESPONSE_JSON, ...headers });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    status,
    `${RESPONSE_JSON}; charset=utf-8`,
  ]);
  const { errors = [] } = answerOf(answer.text);
  expect(errors.map(({ message }) => message)).not.toContain('Unexpected error.');
  return errors.map(({ extensions }) => extensions?.['code']);
}

const query = (document: string, variables: object = {}) => JSON.stringify({ query: document, variables });

const batchOf = (length: number) => JSON.stringify(Array.from({ length }, () => ({ query: '{ a }' })));

describe('a body is refused', () => {
  it.each([
    ['that is empty', ''],
    ['that is incomplete', '{"query":'],
    ['that is not JSON', 'query'],
    ['that is text', '"{ __typename }"'],
    ['that is null', 'null'],
    ['that is a number', '1'],
    ['that is an empty list', '[]'],
    ['that is a list of numbers', '[1]'],
    ['that is an empty object', '{}'],
    ['whose query is a number', '{"query":1}'],
    ['whose variables are a list', '{"query":"{ __typename }","variables":[1]}'],
    ['whose variables are text', '{"query":"{ __typename }","variables":"a"}'],
    ['whose extensions are text', '{"query":"{ __typename }","extensions":"a"}'],
    ['that is deep JSON', `${'['.repeat(500_000)}${']'.repeat(500_000)}`],
    ['with a byte order mark only', '\uFEFF'],
    ['that is not UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
    ['that is binary garbage', new Uint8Array(1000).map((_, index) => index * 7)],
  ])('%s', async (_, body) => {
    expect(await refused(400, body)).toEqual(['BAD_REQUEST']);
  });

  it('of more than 100 operations, with one error', async () => {
    expect(await refused(400, batchOf(101))).toEqual(['BATCHING_NOT_SUPPORTED']);
    const { status, text } = await postBody(gateway.url, batchOf(100), { accept: RESPONSE_JSON });
    expect([status, JSON.parse(text)]).toEqual([400, expect.toSatisfy(({ length }) => length === 100)]);
  });

  it('without the named operation, or with several operations and no name', async () => {
    const body = JSON.stringify({ query: 'query A { __typename }', operationName: 'B' });
    expect(await refused(400, body)).toEqual(['OPERATION_RESOLUTION_FAILURE']);
    const ambiguous = JSON.stringify({ query: 'query A { __typename } query B { __typename }' });
    expect(await refused(400, ambiguous)).toEqual(['OPERATION_RESOLUTION_FAILURE']);
  });

  it.each(['gzip', 'br', 'x'])('that is compressed as %j', async (encoding) => {
    const headers = { 'content-encoding': encoding };
    expect(await refused(415, gzipSync(query('{ __typename }')), headers)).toEqual([
      'UNSUPPORTED_MEDIA_TYPE',
    ]);
    const plain = await postBody(gateway.url, query('{ __typename }'), { 'content-encoding': 'Identity' });
    expect(plain.status).toBe(200);
    const form = { ...headers, 'content-type': 'multipart/form-data; boundary=b' };
    expect(await refused(415, '--b--', form)).toEqual(['UNSUPPORTED_MEDIA_TYPE']);
  });

  it('over 1 MiB, with Content-Length', async () => {
    expect(await refused(413, ' '.repeat(MIB + 1))).toEqual(['REQUEST_ENTITY_TOO_LARGE']);
  });

  it('over 1 MiB, without Content-Length', async () => {
    const chunk = new Uint8Array(64 * 1024).fill(0x20);
    const chunks = Array.from({ length: 32 }, () => chunk);
    const init = { method: 'POST', body: new Blob(chunks).stream(), duplex: 'half' as const };
    const headers = { 'content-type': 'application/json', accept: RESPONSE_JSON };
    const answer = await http(`${gateway.url}/graphql`, { ...init, headers });
    expect(answer.status).toBe(413);
    expect(answerOf(answer.text).errors).toMatchObject([
      { extensions: { code: 'REQUEST_ENTITY_TOO_LARGE' } },
    ]);
  });

  it.each([
    'text/plain',
    'text/plain;application/json',
    'application/x-www-form-urlencoded',
    'multipart/form-datax; boundary=x',
    'multipart/mixed; boundary=x',
    'application/graphql',
    'application/jsonx',
    '',
  ])('of type %j, which a page of another site could send', async (type) => {
    const mutation = query(
      'mutation { generateVideo(input: { image: "http://a.b/c", prompt: "x" }) { __typename } }',
    );
    expect(await refused(415, mutation, { 'content-type': type })).toEqual(['UNSUPPORTED_MEDIA_TYPE']);
    expect(await gateway.store.nextDueAt()).toBeNull();
  });
});

it.each([
  'application/json',
  'application/json; charset=utf-8',
  'Application/JSON ;charset=UTF-8',
  'application/graphql+json',
])('a body of type %s is accepted', async (type) => {
  const { status, text } = await postBody(gateway.url, query('{ __typename }'), { 'content-type': type });
  expect([status, text]).toEqual([200, '{"data":{"__typename":"Query"}}']);
});

it('a body of exactly 1 MiB is accepted', async () => {
  const body = query('{ __typename }', { a: '' });
  const { status } = await postBody(gateway.url, body.replace('""', `"${'x'.repeat(MIB - body.length)}"`));
  expect(status).toBe(200);
});

it('a body in thousands of chunks is accepted', async () => {
  const body = query('{ __typename }', { a: 'x'.repeat(300_000) });
  const pieces = body.match(/.{1,100}/gs) ?? [];
  const chunked = pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('');
  const head = [
    'POST /graphql HTTP/1.1',
    'host: a',
    'content-type: application/json',
    'transfer-encoding: chunked',
    'connection: close',
  ];
  const answer = await exchange(gateway.port, `${head.join('\r\n')}\r\n\r\n${chunked}0\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1.1 200 [^]*{"data":{"__typename":"Query"}}/);
});

describe('by GET', () => {
  it('a query is answered', async () => {
    const { status, text } = await get('query=query($a:ID!){videoJob(id:$a){id}}&variables={"a":"b"}');
    expect([status, text]).toEqual([200, '{"data":{"videoJob":null}}']);
  });

  it('a mutation is refused', async () => {
    const { status, text, headers } = await get(
      'query=mutation{generateVideo(input:{image:"http://a.b/c",prompt:"x"}){__typename}}',
    );
    expect([status, headers.get('allow')]).toEqual([405, 'POST']);
    expect(answerOf(text).errors).toHaveLength(1);
    expect(await gateway.store.nextDueAt()).toBeNull();
  });

  it.each([
    'query={__typename}&variables={',
    'query={__typename}&extensions=nope',
    'query={__typename}&variables=[1]',
  ])('malformed parameters are refused: %s', async (search) => {
    const { status, text } = await get(search);
    expect([status, answerOf(text).errors?.[0]?.extensions?.['code']]).toEqual([400, 'BAD_REQUEST']);
  });

  it('an empty request is refused', async () => {
    expect((await get('')).status).toBe(400);
  });
});

it.each(['PUT', 'DELETE', 'PATCH'])('%s is refused', async (method) => {
  const { status, text, headers } = await http(`${gateway.url}/graphql`, {
    method,
    headers: { accept: RESPONSE_JSON },
  });
  expect([status, headers.get('allow')]).toEqual([405, 'GET, POST']);
  expect(answerOf(text).errors).toHaveLength(1);
});

it('pages of other sites may not read the answers', async () => {
  const answer = await http(`${gateway.url}/graphql?query={__typename}`, {
    headers: { origin: 'https://evil.example' },
  });
  expect(answer.headers.get('access-control-allow-origin')).toBeNull();
});

describe('a document is refused', () => {
  it.each([
    ['that is 5,000 levels deep', '{a'.repeat(5000)],
    ['that is a list 5,000 levels deep', `{ videoJobs(status: ${'['.repeat(5000)}`],
    ['that has types 5,000 levels deep', `query ($a: ${'['.repeat(5000)}`],
    ['that has 10,000 fields', `{ ${'__typename '.repeat(10_000)} }`],
    ['that has 10,000 aliases', `{ ${aliases(10_000)} }`],
    ['that is longer than 64 KiB', `{ __typename } #${'x'.repeat(64 * 1024)}`],
  ])('%s', async (_, document) => {
    expect(await refused(400, query(document))).toEqual(['DOCUMENT_TOO_LARGE']);
  });

  it.each([
    [
      'with fragments that spread each other',
      '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }',
    ],
    ['with a fragment that spreads itself', '{ ...A } fragment A on Query { __typename ...A }'],
    ['with deeply nested introspection', `{ __schema { types { ${'fields { type { '.repeat(3)} name`],
  ])('%s', async (_, text) => {
    const missing = text.split('{').length - text.split('}').length;
    const codes = await refused(400, query(text + '}'.repeat(missing)));
    expect(new Set(codes)).toEqual(new Set(['GRAPHQL_VALIDATION_FAILED']));
  });

  it('that repeats a field', async () => {
    const codes = await refused(400, query(`{ ${'videoJob(id: "x") { id } '.repeat(300)} }`));
    expect(codes).toEqual(['DOCUMENT_TOO_COMPLEX']);
  });

  it.each(['', ' ', '{', '}', '{ a(b: "', '{ __typename } \u0000', '\uD800', '"""', '{ a(b: 1e) }'])(
    'with a syntax error: %j',
    async (document) => {
      const codes = await refused(400, query(document));
      expect(['GRAPHQL_PARSE_FAILED', 'BAD_REQUEST']).toEqual(expect.arrayContaining(codes));
    },
  );
});

describe.each(['application/json', '*/*', 'application/graphql-response+json', 'text/event-stream'])(
  'with Accept: %s',
  (accept) => {
    it.each([
      ['DOCUMENT_TOO_LARGE', query('{a'.repeat(5000))],
      ['DOCUMENT_TOO_EXPENSIVE', query('{ videoJobs(first: 100) { nodes { video { base64 } } } }')],
      ['VARIABLES_TOO_LARGE', query('{ __typename }', { a: Array.from({ length: 20_000 }, () => 1) })],
      ['BAD_USER_INPUT', query('query ($id: ID!) { videoJob(id: $id) { id } }')],
      ['BAD_REQUEST', '{}'],
      ['BAD_REQUEST', '{"query":null}'],
      ['BAD_REQUEST', '{"variables":{}}'],
      ['OPERATION_RESOLUTION_FAILURE', '{"query":"query A { __typename }","operationName":"B"}'],
    ])('%s is answered with 400: %#', async (code, body) => {
      const { status, text } = await postBody(gateway.url, body, { accept });
      expect([status, text]).toEqual([400, expect.stringContaining(`"code":"${code}"`)]);
    });

    it('GET without a query is answered 400', async () => {
      const { status, text } = await get('', accept);
      expect([status, text]).toEqual([400, expect.stringContaining('"code":"BAD_REQUEST"')]);
    });
  },
);

describe('variables are refused', () => {
  const GENERATE = 'mutation ($input: GenerateVideoInput!) { generateVideo(input: $input) { __typename } }';
  const wide = JSON.stringify(
    Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`a${index}`, index])),
  );

  it.each([
    ['that are deep', nested(100_000)],
    ['that are a deep list', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['that are wide', wide],
    ['that are a long list', `[${'1,'.repeat(100_000)}1]`],
  ])('%s', async (_, input) => {
    const body = `{"query":${JSON.stringify(GENERATE)},"variables":{"input":${input}}}`;
    expect(await refused(400, body)).toEqual(['VARIABLES_TOO_LARGE']);
  });

  it('with a prototype of their own', async () => {
    const input = '{"__proto__":{"image":"http://a.b/c"},"constructor":1}';
    const body = `{"query":${JSON.stringify(GENERATE)},"variables":{"input":${input}}}`;
    expect((await refused(400, body)).length).toBeGreaterThan(2);
  });

  it('with 900 faults, in an answer of bounded size', async () => {
    const input = Object.fromEntries(Array.from({ length: 900 }, (_, index) => [`a${index}`, index]));
    const { status, text } = await postBody(gateway.url, query(GENERATE, { input }), {
      accept: RESPONSE_JSON,
    });
    expect(status).toBe(400);
    expect(text.length).toBeLessThan(1_000_000);
  });

  it('that are too long, as an issue of the input', async () => {
    const input = { image: 'http://a.b/c', prompt: 'x'.repeat(900_000) };
    const { text } = await postBody(gateway.url, query(GENERATE, { input }));
    expect(answerOf(text).data).toEqual({ generateVideo: { __typename: 'GenerateVideoInvalidInput' } });
  });
});

it('200 different huge documents are not cached', async () => {
  for (let index = 0; index < 10; index++) await sendHuge(index);
  const before = await usedHeap();
  for (let index = 0; index < 200; index++) await sendHuge(index + 10);
  expect((await usedHeap()) - before).toBeLessThan(20 * MIB);
});

it('200 different wide documents take little memory in the cache', async () => {
  await sendWide(0);
  const before = await usedHeap();
  for (let index = 1; index <= 200; index++) await sendWide(index);
  expect((await usedHeap()) - before).toBeLessThan(60 * MIB);
});

function get(search: string, accept = RESPONSE_JSON): Promise<HttpAnswer> {
  return http(`${gateway.url}/graphql?${search}`, { headers: { accept } });
}

function aliases(count: number, prefix = 'a'): string {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}: __typename`).join(' ');
}

function nested(depth: number): string {
  return `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
}

function sendHuge(index: number): Promise<HttpAnswer> {
  return postBody(gateway.url, query(`#${index}\n#${'x'.repeat(1_000_000)}\n{ __typename }`));
}

function sendWide(index: number): Promise<HttpAnswer> {
  return postBody(gateway.url, query(`{ ${aliases(1300, `a${index}_`)} }`));
}

/** Bytes in use after garbage collection. */
async function usedHeap(): Promise<number> {
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  // Buffers are freed concurrently; the second collection waits for that.
  for (let time = 0; time < 2; time++) if (typeof collect === 'function') collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { INPUT } from '../support/gateway/generate.ts';
import { answerOf, type ClientError, postBody } from '../support/gateway/http.ts';
import { JobMover } from '../support/gateway/job-mover.ts';
import { SseClient } from '../support/gateway/sse-client.ts';
import { TRANSPORTS as STREAMS } from '../support/gateway/streams.ts';
import { WsClient } from '../support/gateway/ws-client.ts';

const GENERATE = 'mutation ($input: GenerateVideoInput!) { generateVideo(input: $input) { __typename } }';
const WATCH =
  'subscription ($id: ID!, $since: Int) { videoJobUpdated(id: $id, sinceVersion: $since) { id } }';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const { prompt: _, ...WITHOUT_PROMPT } = INPUT;

const VARIABLES = [
  { name: 'no variable at all', query: GENERATE, variables: {} },
  { name: 'a null', query: GENERATE, variables: { input: null } },
  { name: 'a missing prompt', query: GENERATE, variables: { input: WITHOUT_PROMPT } },
  { name: 'an image that is a number', query: GENERATE, variables: { input: { ...INPUT, image: 5 } } },
  { name: 'a seed that is too large', query: GENERATE, variables: { input: { ...INPUT, seed: 3e9 } } },
  { name: 'a wrong enum value', query: GENERATE, variables: { input: { ...INPUT, resolution: 'R1' } } },
  { name: 'an unknown field', query: GENERATE, variables: { input: { ...INPUT, nope: 1 } } },
  {
    name: 'a wrong list item',
    query: 'query ($s: [VideoJobStatus!]) { videoJobs(status: $s) { nodes { id } } }',
    variables: { s: ['X'] },
  },
  { name: 'a subscription by a wrong id', query: WATCH, variables: { id: [1] } },
  {
    name: 'a null where only the default is none',
    query: 'query ($i: ID = 5) { videoJob(id: $i) { id } }',
    variables: { i: null },
  },
  {
    name: 'such a null of a subscription',
    query: 'subscription ($i: ID = 5) { videoJobUpdated(id: $i) { id } }',
    variables: { i: null },
  },
  {
    name: 'such a null inside an input',
    query: `mutation ($p: String = "a") { generateVideo(input: { image: "http://a.b/c", prompt: $p }) { __typename } }`,
    variables: { p: null },
  },
];

const LITERALS = [
  '{ image: "http://a.b/c" }',
  '{ image: 5, prompt: "x" }',
  '{ image: "http://a.b/c", prompt: "x", seed: 3000000000 }',
  '{ image: "http://a.b/c", prompt: "x", resolution: R1 }',
  '{ image: "http://a.b/c", prompt: "x", nope: 1 }',
].map((input) => ({ query: `mutation { generateVideo(input: ${input}) { __typename } }`, variables: {} }));

const NULL_IS_WRONG = {
  message: 'Argument "if" of non-null type "Boolean!" must not be null.',
  extensions: { code: 'BAD_USER_INPUT' },
};

interface Operation {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

const codesOf = (errors: readonly ClientError[] = []) => errors.map(({ extensions }) => extensions?.['code']);

async function overHttp({ query, variables }: Operation): Promise<unknown[]> {
  const { text } = await postBody(gateway.url, JSON.stringify({ query, variables }), {
    accept: 'application/json',
  });
  return codesOf(answerOf(text).errors);
}

async function overSse({ query, variables }: Operation): Promise<unknown[]> {
  using client = await SseClient.open(gateway.url, query, { variables });
  return codesOf((await client.result()).errors);
}

async function overWebSocket({ query, variables }: Operation): Promise<unknown[]> {
  using client = await WsClient.connect(gateway.url);
  client.subscribe('1', query, variables);
  const { type, payload } = await client.next('1');
  const answer: unknown = type === 'error' ? { errors: payload } : payload;
  return codesOf(answerOf(JSON.stringify(answer)).errors);
}

const TRANSPORTS = [
  ['HTTP', overHttp],
  ['SSE', overSse],
  ['WebSocket', overWebSocket],
] as const;

describe.each(TRANSPORTS)('over %s', (_transport, run) => {
  it.each(VARIABLES)('$name is BAD_USER_INPUT', async ({ query, variables }) => {
    expect(await run({ query, variables })).toEqual(['BAD_USER_INPUT']);
    expect(await gateway.store.nextDueAt()).toBeNull();
  });

  it.each(LITERALS)('$query is GRAPHQL_VALIDATION_FAILED', async (operation) => {
    expect(await run(operation)).toEqual(['GRAPHQL_VALIDATION_FAILED']);
  });
});

describe.each(STREAMS)('an event over $name', ({ open }) => {
  it('names the wrong variable, with BAD_USER_INPUT, like a query', async () => {
    await using own = await startGateway();
    const mover = new JobMover(own);
    const { id } = await mover.accept();
    const query =
      'subscription ($id: ID!, $no: Boolean = true) { videoJobUpdated(id: $id) { id version @skip(if: $no) } }';
    using stream = await open(own.url, query, { id, no: null });
    const refused = expect.objectContaining({ errors: [expect.objectContaining(NULL_IS_WRONG)] });
    expect(await stream.result()).toEqual(refused);
    await mover.move(id, { type: 'submit-started' });
    expect(await stream.result()).toEqual(refused);
  });
});

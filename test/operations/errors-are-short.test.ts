import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { answerOf, postBody } from '../support/gateway/http.ts';
import { WsClient } from '../support/gateway/ws-client.ts';

const GENERATE = 'mutation ($input: GenerateVideoInput!) { generateVideo(input: $input) { __typename } }';
const MANY_FIELDS = Object.fromEntries(
  Array.from({ length: 9000 }, (_, index) => [`${'k'.repeat(90)}${index}`, 1]),
);
const times = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => part(index)).join(' ');

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

/** Requests whose errors repeat values of the client. */
const REQUESTS = [
  { name: 'an input with many unknown fields', query: GENERATE, variables: { input: MANY_FIELDS } },
  { name: 'an input that is a long text', query: GENERATE, variables: { input: 'x'.repeat(900_000) } },
  {
    name: 'a subscription by a long list',
    query: 'subscription ($id: ID!) { videoJobUpdated(id: $id) { id } }',
    variables: { id: ['x'.repeat(900_000)] },
  },
  {
    name: 'a long alias of refused entities',
    query: `query ($r: [_Any!]!) { ${'a'.repeat(50_000)}: _entities(representations: $r) { __typename } }`,
    variables: { r: Array.from({ length: 2400 }, () => ({ __typename: 'Nope', id: '1' })) },
  },
  {
    name: 'a long operation name in many errors',
    query: `query ${'o'.repeat(30_000)} { ${times(150, (index) => `a${index}: videoJob(id: $v${index}) { id }`)} }`,
    variables: {},
  },
  {
    name: 'a long text where none may be',
    query: `{ videoJobs(first: "${'x'.repeat(60_000)}") { nodes { id } } }`,
    variables: {},
  },
];

it.each(REQUESTS)('$name gets a short answer', async ({ query, variables }) => {
  const { text } = await postBody(gateway.url, JSON.stringify({ query, variables }), { accept: '*/*' });
  expect(answerOf(text).errors?.length).toBeGreaterThan(0);
  expect(text.length).toBeLessThan(20_000);
});

it('an input with many unknown fields gets a short answer by WebSocket', async () => {
  using client = await WsClient.connect(gateway.url);
  const input = Object.fromEntries(Object.entries(MANY_FIELDS).slice(0, 500));
  client.subscribe('1', GENERATE, { input });
  expect(JSON.stringify(await client.next('1')).length).toBeLessThan(20_000);
});

it('a long message keeps its beginning and its end', async () => {
  const body = JSON.stringify({ query: GENERATE, variables: { input: 'x'.repeat(100_000) } });
  const { text } = await postBody(gateway.url, body, { accept: 'application/json' });
  expect(answerOf(text).errors).toMatchObject([
    {
      message: expect.stringMatching(
        /^Variable "\$input" got invalid value "x+ … x+"; Expected type .* to be an object\.$/,
      ),
      extensions: { code: 'BAD_USER_INPUT' },
    },
  ]);
});

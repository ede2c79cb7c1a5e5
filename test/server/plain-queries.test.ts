import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { JobMover, WHOLE_LIFE } from '../support/gateway-jobs.ts';
import { randomRequests } from '../support/random-queries.ts';

/** The same to clients; but where a charset is named Yoga has to look, and the short way is not taken. */
const SHORT = 'application/json';
const LONG = 'application/json; charset=utf-8';

let gateway: Gateway;
const ids: string[] = [];

beforeAll(async () => {
  gateway = await startGateway();
  const jobs = new JobMover(gateway);
  for (const steps of [0, 2, 3, WHOLE_LIFE.length]) {
    const { id } = await jobs.accept();
    await jobs.move(id, ...WHOLE_LIFE.slice(0, steps));
    ids.push(id);
  }
});

afterAll(() => gateway[Symbol.asyncDispose]());

test('a request is answered with the same bytes by the short way and by Yoga', async () => {
  let short = 0;
  await fc.assert(
    fc.asyncProperty(randomRequests(ids), async (request) => {
      const body = JSON.stringify(request);
      const byYoga = await ask(body, LONG);
      // A text is compiled when it comes for the second time.
      await ask(body, SHORT);
      const before = gateway.plainQueries.answered;
      expect(await ask(body, SHORT)).toEqual(byYoga);
      short += gateway.plainQueries.answered - before;
    }),
    { numRuns: 1000 },
  );
  // Or this would compare Yoga with itself. About one in eight goes the short way: 119 of 1,000, give or take 12 by chance.
  expect(short).toBeGreaterThan(50);
});

test('the name of an operation is not taken for a part of its document', async () => {
  const named = JSON.stringify({ query: '{ __typename }', operationName: 'query' });
  for (let time = 0; time < 3; time++) await ask(JSON.stringify({ query: 'query\n{ __typename }' }), SHORT);
  expect(await ask(named, SHORT)).toEqual(await ask(named, LONG));
});

test('of one text ten operations are compiled, the others are answered the long way', async () => {
  const names = Array.from({ length: 12 }, (_, index) => `Q${index}`);
  const query = names.map((name) => `query ${name} { __typename }`).join(' ');
  const askAll = async () => {
    for (const operationName of names)
      expect((await ask(JSON.stringify({ query, operationName }), SHORT)).status).toBe(200);
  };
  await askAll();
  const before = gateway.plainQueries.answered;
  await askAll();
  expect(gateway.plainQueries.answered - before).toBe(10);
});

test.each([
  'application/json; charset=utf-16',
  'application/json; CHARSET=utf-16',
  'application/json;Charset=latin1',
  'application/graphql-response+json;Charset=iso-8859-1',
])('an answer in another charset is refused each time: %s', async (accept) => {
  const body = JSON.stringify({ query: '{ inCharset: __typename }' });
  for (let time = 0; time < 3; time += 1) expect((await ask(body, accept)).status).toBe(406);
});

async function ask(body: string, accept: string) {
  const answer = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept },
    body,
  });
  const headers = Object.fromEntries([...answer.headers].filter(([name]) => name !== 'date'));
  return { status: answer.status, headers, body: await answer.text() };
}

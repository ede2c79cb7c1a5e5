import fc from 'fast-check';
import { execute, type ExecutionResult } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GraphQLContext } from '../../src/graphql/context.ts';
import { createSchema } from '../../src/graphql/schema.ts';
import { Documents } from '../../src/operations/documents.ts';
import { OpenDocuments } from '../../src/operations/open-documents.ts';
import { compileOperation, INTERPRET } from '../../src/operations/operation-plan.ts';
import { TurnQueue } from '../../src/operations/work-queues.ts';
import { WAN_MODEL } from '../../src/providers/segmind/facts.ts';
import { type JobCache, StoreUnavailableError } from '../../src/store/job-store.ts';
import { settled } from '../support/fake-clock.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { JobMover, WHOLE_LIFE } from '../support/gateway/job-mover.ts';
import { overrideStore } from '../support/override-store.ts';
import { randomRequests } from './random-queries.ts';

/** Clients treat both equally. Yoga answers requests whose Accept header has a charset. */
const SHORT = 'application/json';
const LONG = 'application/json; charset=utf-8';

let gateway: Gateway;
let makeContext: (() => GraphQLContext) | null = null;
let storeFault: Error | null = null;
let cache: JobCache | null = null;
const ids: string[] = [];

beforeAll(async () => {
  gateway = await startGateway({
    wrapContext: (make) => {
      makeContext = make;
      return make();
    },
    storage: { cache: { get: (id) => (storeFault === null ? cache?.get(id) : undefined) } },
    wrapStore: (store) => {
      ({ cache } = store);
      return overrideStore(store, {
        getMany: async (jobIds) => {
          if (storeFault !== null) throw storeFault;
          return store.getMany(jobIds);
        },
        list: async (query) => {
          if (storeFault !== null) throw storeFault;
          return store.list(query);
        },
      });
    },
  });
  await ask(JSON.stringify({ query: '{ __typename }' }), SHORT);
  // The first query of the credits takes a call from the budget, in the background. The clock stands still, so no other one does.
  const { remaining } = await gateway.budget.status();
  await ask(JSON.stringify({ query: '{ upstream { remainingCredits } }' }), SHORT);
  while ((await gateway.budget.status()).remaining === remaining) await settled();
  const jobs = new JobMover(gateway);
  for (const steps of [0, 2, 3, WHOLE_LIFE.length]) {
    const { id } = await jobs.accept();
    await jobs.move(id, ...WHOLE_LIFE.slice(0, steps));
    ids.push(id);
  }
});

afterAll(() => gateway[Symbol.asyncDispose]());

test('a request gets the same bytes with and without Yoga, compiled or not', async () => {
  await fc.assert(
    fc.asyncProperty(randomRequests(ids), async (request) => {
      const body = JSON.stringify(request);
      const byYoga = await ask(body, LONG);
      // It is compiled after the second execution.
      for (let time = 0; time < 3; time += 1) expect(await ask(body, SHORT)).toEqual(byYoga);
    }),
    { numRuns: 500 },
  );
});

test('a compiled operation has the same result as graphql-js', async () => {
  const schema = createSchema({ federation: true, model: WAN_MODEL });
  const documents = new Documents({
    schema,
    introspection: true,
    compiling: new TurnQueue(),
    open: new OpenDocuments(),
  });
  let compared = 0;
  let failed = 0;
  await fc.assert(
    fc.asyncProperty(randomRequests(ids), fc.boolean(), async ({ query, variables }, isStoreAway) => {
      const check = await documents.check(query, 'ada');
      const plan = 'errors' in check ? null : check.plan('Q');
      if (plan === null || !isRecord(variables)) return;
      const { document, measured } = plan;
      const operation = { schema, document, operationName: 'Q' };
      const compiled = compileOperation({ ...operation, selections: measured.selections });
      if (compiled === null) return;
      storeFault = isStoreAway ? new StoreUnavailableError('away') : null;
      const result = await compiled({}, newContext(), variables);
      if (result === INTERPRET) return;
      const interpreted = await execute({
        ...operation,
        contextValue: newContext(),
        variableValues: variables,
      });
      expect(result.data).toEqual(interpreted.data);
      // When `data` is null, graphql-js reports the first error only.
      expect(textsOf(result)).toEqual(expect.arrayContaining(textsOf(interpreted)));
      compared += 1;
      failed += result.errors === undefined ? 0 : 1;
    }),
    { numRuns: 1000 },
  );
  storeFault = null;
  // Guards against a test that compares nothing.
  expect(compared).toBeGreaterThan(100);
  expect(failed).toBeGreaterThan(20);
});

const TIME = '2026-01-01T00:00:00Z';
const FILTER = 'query ($f: VideoJobFilter) { videoJobs(filter: $f) { nodes { id } } }';
const AFTER = 'query ($a: DateTime) { videoJobs(filter: { createdAfter: $a }) { nodes { id } } }';

test.each([
  { query: FILTER, variables: { f: { createdAfter: 'x' } } },
  { query: FILTER, variables: { f: { createdAfter: 5, status: ['LOST'], nope: 1 } } },
  { query: AFTER, variables: { a: 'x' } },
  { query: AFTER.replace('DateTime', `DateTime = "${TIME}"`), variables: {} },
  { query: FILTER.replace('Filter', `Filter = { createdAfter: "${TIME}" }`), variables: {} },
  {
    query: 'query ($f: [VideoJobStatus!] = FAILED) { videoJobs(status: $f) { nodes { id } } }',
    variables: {},
  },
])('$query with $variables gets the same answer each time', async (request) => {
  const body = JSON.stringify(request);
  const first = await ask(body, LONG);
  for (let time = 0; time < 4; time += 1) expect(await ask(body, SHORT)).toEqual(first);
});

test('the name of an operation is not confused with a part of its document', async () => {
  const named = JSON.stringify({ query: '{ __typename }', operationName: 'query' });
  for (let time = 0; time < 3; time++) await ask(JSON.stringify({ query: 'query\n{ __typename }' }), SHORT);
  expect(await ask(named, SHORT)).toEqual(await ask(named, LONG));
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

function newContext(): GraphQLContext {
  if (makeContext === null) throw new Error('No context was made yet.');
  return makeContext();
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function textsOf({ errors = [] }: ExecutionResult): string[] {
  return errors.map((error) => JSON.stringify(error));
}

async function ask(body: string, accept: string) {
  const answer = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept },
    body,
  });
  const headers = Object.fromEntries([...answer.headers].filter(([name]) => name !== 'date'));
  return { status: answer.status, headers, body: await answer.text() };
}

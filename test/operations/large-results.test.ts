import { GraphQLError } from 'graphql';
import { describe, expect, it } from 'vitest';
import { isLargeResult, writeInTurns } from '../../src/operations/large-results.ts';
import { formatResult } from '../../src/operations/results.ts';
import { startGateway } from '../support/gateway/gateway.ts';
import { postBody } from '../support/gateway/http.ts';

const list = (length: number) => Array.from({ length }, (_, id) => ({ id: `“${id}”` }));
const errors = Array.from({ length: 120 }, (_, index) => new GraphQLError('gone', { path: ['jobs', index] }));

const RESULTS = {
  'lists of any length': { result: { data: { none: [], some: list(50), many: list(120) } }, turns: 4 },
  'values that are no lists': { result: { data: { text: 'a', number: 1, none: null, page: {} } }, turns: 1 },
  'many lists': { result: { data: { a: list(40), b: list(40), c: list(40) } }, turns: 3 },
  'errors beside data': { result: { data: { jobs: null }, errors }, turns: 3 },
  'data that is null': { result: { data: null, errors: errors.slice(0, 1) }, turns: 1 },
  'errors without data': { result: { errors: errors.slice(0, 1) }, turns: 1 },
};

describe('a large result', () => {
  it.each(Object.entries(RESULTS))('is the same JSON with %s', async (_, { result, turns }) => {
    let taken = 0;
    const { stringify } = await writeInTurns(result, async () => {
      taken += 1;
    });
    expect(stringify()).toBe(JSON.stringify(formatResult(result)));
    expect(taken).toBe(turns);
  });

  it('has more than 2 MiB', () => {
    expect([isLargeResult(2 * 1024 * 1024), isLargeResult(2 * 1024 * 1024 + 1)]).toEqual([false, true]);
  });

  it('has no data when a variable is missing, as small results have none', async () => {
    await using gateway = await startGateway();
    const query =
      'query ($id: ID!) { videoJob(id: $id) { id } videoJobs(first: 100) { nodes { a: request { prompt } b: request { prompt } } } }';
    const { text } = await postBody(gateway.url, JSON.stringify({ query }), { accept: 'application/json' });
    expect(JSON.parse(text)).toEqual({
      errors: [expect.objectContaining({ extensions: { code: 'BAD_USER_INPUT' } })],
    });
  });
});

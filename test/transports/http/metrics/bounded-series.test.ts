import { expect, it } from 'vitest';
import { SIGN_IN, signToken } from '../../../auth/tokens.ts';
import { startGateway } from '../../../support/gateway/gateway.ts';
import { http, postBody } from '../../../support/gateway/http.ts';

const TOKEN = 'a-token-of-scrapers';
const REQUESTS = 1000;
/** Requests at the same time. */
const BATCH = 50;

it('1,000 different operation names, fields, aliases, ids, paths and owners make no new series', async () => {
  await using gateway = await startGateway({ settings: { METRICS_TOKEN: TOKEN, ...SIGN_IN } });

  /** Sends requests whose texts all contain the number, as another owner each. */
  async function sendAll(from: number, to: number): Promise<void> {
    for (let first = from; first < to; first += BATCH) {
      const numbers = Array.from({ length: Math.min(BATCH, to - first) }, (_, index) => first + index);
      await Promise.all(numbers.map((number) => send(number)));
    }
  }

  async function send(number: number): Promise<void> {
    const authorization = `Bearer ${await signToken({ sub: `owner-${number}` })}`;
    const query = [
      `query Name${number} { alias${number}: videoJob(id: "job-${number}") { id } }`,
      `query Name${number} { unknownField${number} }`,
    ][number % 2];
    await postBody(gateway.url, JSON.stringify({ query }), { authorization });
    if (number % 10 === 0) await http(`${gateway.url}/path-${number}`);
  }

  async function readMetrics(): Promise<string> {
    const response = await fetch(`${gateway.url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } });
    return response.text();
  }

  await sendAll(0, 2 * BATCH);
  await readMetrics();
  const before = await readMetrics();
  await sendAll(2 * BATCH, REQUESTS);
  const after = await readMetrics();
  expect(after.split('\n').length).toBe(before.split('\n').length);
  expect(after).not.toMatch(/Name\d|alias\d|unknownField|path-\d|owner-\d|job-\d/);
  const counted = /reelgate_operations_total\{transport="http",outcome="ok"\} (\d+)/.exec(after)?.[1];
  expect(Number(counted)).toBeGreaterThanOrEqual(REQUESTS / 2);
});

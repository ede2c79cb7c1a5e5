import { describe, expect, it } from 'vitest';
import { FAULTS, faultIn } from '../../../packages/sandbox/src/faults/faults.ts';
import { call, statusOf, submit, textOf } from '../support.ts';
import { inOrder, seen, stage } from './fault-stage.ts';

describe('the table of faults', () => {
  it('is searched for the first known name in the prompt, in any case', () => {
    expect(faultIn('A fox [sandbox:nothing] runs [Sandbox:SLOW][sandbox:expired]')?.name).toBe('slow');
    expect(faultIn('A fox in a sandbox: slow')).toBeNull();
    expect(faultIn('[sandbox:constructor]')).toBeNull();
  });

  it('has unique names, each with a line of description', () => {
    expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
    for (const { name, description } of FAULTS) {
      expect(name).toMatch(/^[a-z0-9-]+$/);
      expect(description).toMatch(/^\S.{5,}[^.]$/);
    }
  });
});

describe('at the submission', () => {
  it.each([
    // Every submission is refused.
    ['no-credits', [402, 402, 402], 0],
    ['no-credits-406', [406, 406, 406], 0],
    ['no-credits-404', [404, 404, 404], 0],
    ['spend-limit', [406, 406, 406], 0],
    ['refused', [400, 400, 400], 0],
    ['refused-406', [406, 406, 406], 0],
    ['refused-422', [422, 422, 422], 0],
    ['unauthorized', [401, 401, 401], 0],
    ['forbidden', [403, 403, 403], 0],
    ['model-unknown', [404, 404, 404], 0],
    ['model-retired', [410, 410, 410], 0],
    ['down', [503, 503, 503], 0],
    ['detail-error', [400, 400, 400], 0],
    // The same body is accepted after a burst, and the next job meets a new burst.
    ['rate-limit', [429, 429, 429, 200, 429, 429, 429, 200], 2],
    ['rate-limit-retry-after', [429, 429, 200, 429, 429, 200], 2],
    ['rate-limit-reset', [429, 429, 200, 429, 429, 200], 2],
    ['cdn-403', [403, 403, 403, 200, 403, 403, 403, 200], 2],
    ['server-error', [500, 500, 500, 200, 500, 500, 500, 200], 2],
    ['bad-gateway', [502, 502, 502, 200, 502, 502, 502, 200], 2],
    ['unavailable', [503, 503, 503, 200, 503, 503, 503, 200], 2],
    // The client gets no id, although a job may have been made.
    ['gateway-timeout', [504, 504, 504], 3],
    ['lost-answer', ['broken', 'broken', 'broken'], 3],
    ['lost-request', ['broken', 'broken', 'broken'], 0],
    ['lost-unlisted', ['broken', 'broken', 'broken'], 3],
    ['history-broken', ['broken', 'broken', 'broken'], 3],
    ['teammate', ['broken', 'broken', 'broken'], 3],
    ['two-rows', ['broken', 'broken', 'broken'], 3],
    ['error-with-id', [500, 500, 500], 3],
  ] as const)('%s is answered with %j and makes %i jobs', async (name, statuses, jobs) => {
    const { submits, jobsMade } = await stage();
    expect(await submits(name, statuses.length)).toEqual(statuses);
    expect(await jobsMade()).toBe(jobs);
  });

  it.each([
    ['error-with-id', 500, { error: 'Internal server error', request_id: expect.any(String) }],
    ['accepted-202', 202, expect.objectContaining({ request_id: expect.any(String) })],
  ])('%s has status %i and the id of a job', async (name, status, body) => {
    const { url } = await stage();
    const answer = await submit(url, { prompt: `[sandbox:${name}]` });
    expect([answer.status, answer.body]).toEqual([status, body]);
    expect((await statusOf(url, textOf(answer.body, 'request_id'))).body?.['status']).toBe('QUEUED');
  });

  it('a refusal has an error text, or with detail-error a list of details', async () => {
    const { url } = await stage();
    const bodyOf = async (name: string) => (await submit(url, { prompt: `[sandbox:${name}]` })).body;
    for (const name of [
      'no-credits-406',
      'no-credits-404',
      'spend-limit',
      'refused',
      'refused-406',
      'refused-422',
    ]) {
      expect(await bodyOf(name)).toEqual({ error: expect.any(String) });
    }
    for (const name of ['unauthorized', 'forbidden', 'model-unknown', 'model-retired', 'down']) {
      expect(await bodyOf(name)).toEqual({ error: expect.any(String) });
    }
    // Seen live.
    expect(await bodyOf('no-credits')).toEqual({ error: 'Insufficient credits. You have 0.0 credits.' });
    expect(await bodyOf('detail-error')).toEqual({
      detail: [{ loc: ['body', 'image'], msg: 'unreachable' }],
    });
  });

  it('counts a burst for each body separately', async () => {
    const { url } = await stage();
    const ask = (seed: number) => seen(submit(url, { prompt: '[sandbox:rate-limit-retry-after]', seed }));
    expect(await inOrder(2, () => ask(1))).toEqual([429, 429]);
    expect(await inOrder(3, () => ask(2))).toEqual([429, 429, 200]);
    expect(await ask(1)).toBe(200);
  });

  it('sends Retry-After, no header, or the reset time in two formats', async () => {
    const { url, clock } = await stage();
    const headersOf = async (name: string) => (await submit(url, { prompt: `[sandbox:${name}]` })).headers;
    expect((await headersOf('rate-limit-retry-after')).get('retry-after')).toBe('1');
    expect((await headersOf('rate-limit')).has('retry-after')).toBe(false);
    const [iso, seconds] = await inOrder(2, () => headersOf('rate-limit-reset'));
    const header = 'x-rate-limit-reset-at-utc';
    expect(iso?.get(header)).toBe(new Date(clock.now + 1_000).toISOString());
    expect(seconds?.get(header)).toBe(String(clock.now / 1_000 + 1));
    expect(iso?.has('retry-after')).toBe(false);
  });

  it('cdn-403 answers with an HTML page', async () => {
    const { url } = await stage();
    const answer = await submit(url, { prompt: '[sandbox:cdn-403]' });
    expect(answer.headers.get('content-type')).toContain('text/html');
    expect(answer).toMatchObject({ status: 403, body: null });
  });

  it('garbled-answer makes a job and answers with half of the JSON', async () => {
    const { url, jobsMade } = await stage();
    const answer = await submit(url, { prompt: '[sandbox:garbled-answer]' });
    expect(answer).toMatchObject({ status: 200, body: null });
    expect(answer.text).toMatch(/^\{"request_id":"/);
    expect(await jobsMade()).toBe(1);
  });

  it('no-answer makes a job and never answers', async () => {
    const { url, jobsMade } = await stage();
    const body = JSON.stringify({ prompt: '[sandbox:no-answer]', image: 'https://example.com/a.png' });
    const headers = { 'content-type': 'application/json' };
    const calling = call(`${url}/v2/wan2.1-i2v-480p`, {
      method: 'POST',
      headers,
      body,
      signal: AbortSignal.timeout(1_000),
    });
    await expect(calling).rejects.toThrow(/timeout/);
    expect(await jobsMade()).toBe(1);
  });
});

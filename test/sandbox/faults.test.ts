import { request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { FAULTS, faultIn } from '../../packages/sandbox/src/faults/faults.ts';
import { completed, history, inOrder, othersDoneAfter, seen, stage } from './fault-stage.ts';
import { KEY, accepted, call, pictureUrl, resultOf, statusOf, submit, textOf, until } from './support.ts';

describe('faultIn', () => {
  it('finds the first known words, in any case and place', () => {
    expect(faultIn('A fox [sandbox:nothing] runs [Sandbox:SLOW][sandbox:expired]')?.name).toBe('slow');
    expect(faultIn('A fox in a sandbox: slow')).toBeNull();
    expect(faultIn('[sandbox:constructor]')).toBeNull();
  });
});

describe('the table', () => {
  it('has names that differ, and a line on each', () => {
    expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
    for (const { name, description } of FAULTS) {
      expect(name).toMatch(/^[a-z0-9-]+$/);
      expect(description).toMatch(/^\S.{5,}[^.]$/);
    }
  });
});

describe('at the submit', () => {
  it.each([
    ['no-credits', 402],
    ['no-credits-406', 406],
    ['no-credits-404', 404],
    ['spend-limit', 406],
    ['refused', 400],
    ['refused-406', 406],
    ['refused-422', 422],
    ['unauthorized', 401],
    ['forbidden', 403],
    ['model-unknown', 404],
    ['model-retired', 410],
    ['down', 503],
  ])('%s is refused with %i, time and again', async (name, status) => {
    const { submits, jobsMade, url } = await stage();
    expect(await submits(name, 5)).toEqual([status, status, status, status, status]);
    const { body } = await submit(url, { prompt: `[sandbox:${name}]` });
    expect(body).toEqual({ error: expect.any(String) });
    expect(await jobsMade()).toBe(0);
  });

  it('says about credits what was seen live', async () => {
    const { url } = await stage();
    const { body } = await submit(url, { prompt: '[sandbox:no-credits]' });
    expect(body).toEqual({ error: 'Insufficient credits. You have 0.0 credits.' });
  });

  it('detail-error answers a list of details and no error', async () => {
    const { url, jobsMade } = await stage();
    const answers = await inOrder(2, () => submit(url, { prompt: '[sandbox:detail-error]' }));
    const refused = { status: 400, body: { detail: [{ loc: ['body', 'image'], msg: 'unreachable' }] } };
    expect(answers).toMatchObject([refused, refused]);
    expect(answers[0]?.body).not.toHaveProperty('error');
    expect(await jobsMade()).toBe(0);
  });

  it.each([
    ['rate-limit', [429, 429, 429, 200]],
    ['rate-limit-retry-after', [429, 429, 200]],
    ['rate-limit-reset', [429, 429, 200]],
    ['cdn-403', [403, 403, 403, 200]],
    ['server-error', [500, 500, 500, 200]],
    ['bad-gateway', [502, 502, 502, 200]],
    ['unavailable', [503, 503, 503, 200]],
  ])('%s lets the same body through after a burst, and bursts anew for the next job', async (name, burst) => {
    const { submits, jobsMade } = await stage();
    expect(await submits(name, burst.length)).toEqual(burst);
    expect(await jobsMade()).toBe(1);
    expect(await submits(name, burst.length)).toEqual(burst);
    expect(await jobsMade()).toBe(2);
  });

  it('counts a burst for each body by itself', async () => {
    const { url } = await stage();
    const ask = (seed: number) => seen(submit(url, { prompt: '[sandbox:rate-limit-retry-after]', seed }));
    expect(await inOrder(2, () => ask(1))).toEqual([429, 429]);
    expect(await inOrder(3, () => ask(2))).toEqual([429, 429, 200]);
    expect(await ask(1)).toBe(200);
  });

  it('says when to come back, or does not', async () => {
    const { url } = await stage();
    const [told, untold] = await Promise.all([
      submit(url, { prompt: '[sandbox:rate-limit-retry-after]' }),
      submit(url, { prompt: '[sandbox:rate-limit]' }),
    ]);
    expect(told.headers.get('retry-after')).toBe('1');
    expect(untold.headers.has('retry-after')).toBe(false);
  });

  it('says in two formats when the window of the rate limit resets', async () => {
    const { url, clock } = await stage();
    const ask = () => submit(url, { prompt: '[sandbox:rate-limit-reset]' });
    const [iso, seconds] = await inOrder(2, ask);
    const header = 'x-rate-limit-reset-at-utc';
    expect(iso?.headers.get(header)).toBe(new Date(clock.now + 1_000).toISOString());
    expect(seconds?.headers.get(header)).toBe(String(clock.now / 1_000 + 1));
    expect(iso?.headers.has('retry-after')).toBe(false);
  });

  it('cdn-403 answers with a page, not with JSON', async () => {
    const { url } = await stage();
    const answer = await submit(url, { prompt: '[sandbox:cdn-403]' });
    expect(answer.headers.get('content-type')).toContain('text/html');
    expect(answer).toMatchObject({ status: 403, body: null });
  });

  it.each([
    ['gateway-timeout', 504, 1],
    ['lost-answer', 'broken', 1],
    ['lost-request', 'broken', 0],
    ['lost-unlisted', 'broken', 1],
    ['history-broken', 'broken', 1],
    ['teammate', 'broken', 1],
    ['two-rows', 'broken', 1],
    ['error-with-id', 500, 1],
  ] as const)('%s is %s, and makes %i job', async (name, status, jobs) => {
    const { submits, jobsMade } = await stage();
    expect(await submits(name, 1)).toEqual([status]);
    expect(await jobsMade()).toBe(jobs);
    expect(await submits(name, 2)).toEqual([status, status]);
    expect(await jobsMade()).toBe(jobs * 3);
  });

  it('garbled-answer makes a job and answers half of it', async () => {
    const { url, jobsMade } = await stage();
    const answer = await submit(url, { prompt: '[sandbox:garbled-answer]' });
    expect(answer).toMatchObject({ status: 200, body: null });
    expect(answer.text).toMatch(/^\{"request_id":"/);
    expect(await jobsMade()).toBe(1);
  });

  it('no-answer makes a job and says nothing', async () => {
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

  it('error-with-id names the job that was made', async () => {
    const { url } = await stage();
    const { body } = await submit(url, { prompt: '[sandbox:error-with-id]' });
    expect(body).toEqual({ error: 'Internal server error', request_id: expect.any(String) });
    expect((await statusOf(url, textOf(body, 'request_id'))).body?.['status']).toBe('QUEUED');
  });

  it('accepted-202 is a 202 like a 200', async () => {
    const { url } = await stage();
    const { status, body } = await submit(url, { prompt: '[sandbox:accepted-202]' });
    expect(status).toBe(202);
    expect((await statusOf(url, textOf(body, 'request_id'))).body?.['status']).toBe('QUEUED');
  });
});

describe('in the job', () => {
  it.each([
    ['content-block', 'moderation'],
    ['model-error', 'Inference failed'],
  ])('%s fails, later', async (name, words) => {
    const { url, clock } = await stage();
    const id = await accepted(url, { prompt: `[sandbox:${name}]` });
    clock.advance(2_000);
    expect((await statusOf(url, id)).body?.['status']).toBe('PROCESSING');
    clock.advance(60_000);
    const failed = { status: 422, body: { status: 'FAILED', error: expect.stringContaining(words) } };
    expect(await statusOf(url, id)).toMatchObject(failed);
    expect(await resultOf(url, id)).toMatchObject(failed);
  });

  it('failed-200 fails under HTTP 200, on both calls', async () => {
    const { url, clock } = await stage();
    const id = await accepted(url, { prompt: '[sandbox:failed-200]' });
    clock.advance(60_000);
    const failed = { status: 200, body: { status: 'FAILED', error: expect.stringContaining('Inference') } };
    expect(await statusOf(url, id)).toMatchObject(failed);
    expect(await resultOf(url, id)).toMatchObject(failed);
    expect((await statusOf(url, id)).body?.['metrics']).not.toHaveProperty('cost');
  });

  it('cancelled says so for ever, with an error text, and costs nothing', async () => {
    const { url, clock } = await stage();
    const id = await accepted(url, { prompt: '[sandbox:cancelled]' });
    expect((await statusOf(url, id)).body?.['status']).toBe('QUEUED');
    clock.advance(60_000);
    const answers = await inOrder(3, () => statusOf(url, id));
    for (const { status, body } of answers) {
      expect(status).toBe(200);
      expect(body).toMatchObject({ status: 'CANCELLED', error: expect.stringContaining('cancelled') });
      expect(body?.['metrics']).not.toHaveProperty('cost');
    }
    expect((await history(url, `/${id}`)).body?.['model_status']).toBe('FAILED');
  });

  it('completed-422 completes under HTTP 422, on both calls', async () => {
    const { url, id, results } = await completed('completed-422');
    expect((await statusOf(url, id)).status).toBe(422);
    const [result] = await results(1);
    expect(result).toMatchObject({ status: 422, body: { status: 'COMPLETED' } });
    expect(textOf(result?.body ?? null, 'output')).toMatch(/\.mp4$/);
  });

  it('status-warming never says anything else', async () => {
    const { url, clock } = await stage();
    const id = await accepted(url, { prompt: '[sandbox:status-warming]' });
    for (const ms of [0, 2_000, 3_590_000]) {
      clock.advance(ms);
      expect(await statusOf(url, id)).toMatchObject({ status: 200, body: { status: 'WARMING_UP' } });
      expect(await resultOf(url, id)).toMatchObject({ status: 200, body: { status: 'WARMING_UP' } });
    }
  });

  it('gzip compresses every answer although identity was asked for', async () => {
    const { url, clock } = await stage();
    const image = await pictureUrl();
    const fields = { prompt: '[sandbox:gzip]', image, resolution: 360, video_length: 1 };
    const body = JSON.stringify(fields);
    const submitted = await plain(`${url}/v2/wan2.1-i2v-480p`, body);
    const id = textOf(unzipped(submitted), 'request_id');
    clock.advance(60_000);
    await until(async () => ((await statusOf(url, id)).body?.['status'] === 'COMPLETED' ? true : null));
    expect(unzipped(await plain(`${url}/v2/requests/${id}/status`))).toMatchObject({ status: 'COMPLETED' });
    expect(unzipped(await plain(`${url}/v2/requests/${id}`))).toHaveProperty('output');
  });

  it('slow takes several times longer', async () => {
    const { url, clock } = await stage();
    const id = await accepted(url, { prompt: '[sandbox:slow]' });
    await othersDoneAfter(12_000, url, clock);
    expect((await statusOf(url, id)).body?.['status']).toBe('PROCESSING');
    clock.advance(40_000);
    await until(async () => ((await statusOf(url, id)).body?.['status'] === 'COMPLETED' ? true : null));
  });

  it('endless is still processing when it expires', async () => {
    const { url, clock } = await stage();
    const id = await accepted(url, { prompt: '[sandbox:endless]' });
    clock.advance(3_599_999);
    expect((await statusOf(url, id)).body?.['status']).toBe('PROCESSING');
    clock.advance(1);
    expect((await statusOf(url, id)).status).toBe(404);
  });
});

describe('at the status', () => {
  it.each([
    ['rate-limit-status', [429, 200, 429, 200, 429, 200, 200]],
    ['status-error', [502, 502, 502, 502, 200, 200]],
    ['status-lost', ['broken', 'broken', 'broken', 200, 200]],
    ['flicker-404', [404, 404, 404, 200, 200]],
  ])('%s answers %j', async (name, expected) => {
    const { url } = await stage();
    const id = await accepted(url, { prompt: `[sandbox:${name}]` });
    expect(await inOrder(expected.length, () => seen(statusOf(url, id)))).toEqual(expected);
  });

  it('status-garbage is not to be read now and then', async () => {
    const { url } = await stage();
    const id = await accepted(url, { prompt: '[sandbox:status-garbage]' });
    const answers = await inOrder(7, () => statusOf(url, id));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200, 200]);
    expect(answers.map(({ body }) => body?.['status'] ?? null)).toEqual([
      null,
      'QUEUED',
      null,
      'QUEUED',
      null,
      'QUEUED',
      'QUEUED',
    ]);
    expect(answers[0]?.text).toContain('<html>');
    expect(answers[2]?.text).toBe('null');
    expect(answers[4]?.text).toMatch(/^\{"status":"QUEUED"/);
  });

  it('status-word says what nobody knows', async () => {
    const { url } = await stage();
    const id = await accepted(url, { prompt: '[sandbox:status-word]' });
    const answers = await inOrder(4, () => statusOf(url, id));
    expect(answers.map(({ body }) => body?.['status'])).toEqual([
      'WARMING_UP',
      'WARMING_UP',
      'WARMING_UP',
      'QUEUED',
    ]);
    expect(answers[0]?.body?.['request_id']).toBe(id);
  });
});

describe('at the end', () => {
  it('expired is unknown to both calls and to the history', async () => {
    const { url, clock } = await stage();
    const id = await accepted(url, { prompt: '[sandbox:expired]' });
    expect((await statusOf(url, id)).status).toBe(200);
    await othersDoneAfter(60_000, url, clock);
    await until(async () => ((await statusOf(url, id)).status === 404 ? true : null));
    const unknown = { status: 404, body: { error: `Request ${id} not found` } };
    expect(await resultOf(url, id)).toMatchObject(unknown);
    expect(await history(url, `/${id}`)).toMatchObject(unknown);
  });

  it.each([
    ['result-expired', [404, 404, 404, 404, 404]],
    ['result-error', [502, 502, 502, 200, 200]],
  ])('%s has its status COMPLETED and its result %j', async (name, expected) => {
    const { results } = await completed(name);
    const answers = await results(expected.length);
    expect(answers.map(({ status }) => status)).toEqual(expected);
  });

  it('result-late has its status COMPLETED before its result', async () => {
    const { results } = await completed('result-late');
    const answers = await results(4);
    expect(answers.map(({ body }) => [body?.['status'], body?.['output'] === undefined])).toEqual([
      ['PROCESSING', true],
      ['PROCESSING', true],
      ['COMPLETED', false],
      ['COMPLETED', false],
    ]);
  });

  it('gives the true result before the end', async () => {
    const { url } = await stage();
    const names = ['result-expired', 'result-error', 'result-late', 'output-only', 'result-raw'];
    for (const name of names) {
      const id = await accepted(url, { prompt: `[sandbox:${name}]` });
      expect(await resultOf(url, id)).toMatchObject({ status: 200, body: { status: 'QUEUED' } });
    }
  });
});

/** The bytes as they come, which fetch would decompress. A POST when there is a body. */
function plain(url: string, body?: string): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const headers = { ...KEY, 'accept-encoding': 'identity', 'content-type': 'application/json' };
  const sent = request(url, { method: body === undefined ? 'GET' : 'POST', headers }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('end', () => {
      resolve(Buffer.concat(chunks));
    });
  });
  sent.on('error', reject);
  sent.end(body);
  return promise;
}

function unzipped(bytes: Buffer): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(gunzipSync(bytes).toString());
  return typeof value === 'object' ? { ...value } : {};
}

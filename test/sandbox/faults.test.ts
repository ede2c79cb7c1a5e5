import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FAULTS, faultIn } from '../../src/sandbox/faults.ts';
import {
  FakeClock,
  accepted,
  call,
  resultOf,
  sandbox,
  statusOf,
  steady,
  submit,
  temporaryFolder,
  textOf,
  until,
} from './support.ts';
import type { Answer } from './support.ts';

/** What came of a call: its HTTP status, or that the connection broke. */
type Seen = number | 'broken';

async function seen(calling: Promise<Answer>): Promise<Seen> {
  return calling.then(
    ({ status }) => status,
    () => 'broken' as const,
  );
}

/** A sandbox that a fault is tried on. */
async function stage() {
  const clock = new FakeClock();
  const folder = await temporaryFolder();
  const { url } = await sandbox({ clock: clock.read, random: steady, folder });
  const jobsMade = async (): Promise<number> =>
    (await readdir(join(folder, 'jobs'))).filter((name) => name.endsWith('.json')).length;
  const submits = async (name: string, count: number): Promise<Seen[]> => {
    const statuses: Seen[] = [];
    for (let index = 0; index < count; index += 1) {
      statuses.push(await seen(submit(url, { prompt: `A fox [sandbox:${name}]` })));
    }
    return statuses;
  };
  return { clock, url, jobsMade, submits };
}

/** Asks in order, one call after the other. */
async function inOrder<T>(count: number, ask: () => Promise<T>): Promise<T[]> {
  const answers: T[] = [];
  for (let index = 0; index < count; index += 1) answers.push(await ask());
  return answers;
}

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
    for (const { name, what } of FAULTS) {
      expect(name).toMatch(/^[a-z0-9-]+$/);
      expect(what).toMatch(/^\S.{5,}[^.]$/);
    }
  });
});

describe('at the submit', () => {
  it.each([
    ['no-credits', 402],
    ['no-credits-406', 406],
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

  it.each([
    ['rate-limit', [429, 429, 429, 200]],
    ['rate-limit-retry-after', [429, 429, 200]],
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

  it.each([
    ['gateway-timeout', 504, 1],
    ['lost-answer', 'broken', 1],
    ['lost-request', 'broken', 0],
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

/** The result's answers once the status says COMPLETED, which they do not change. */
async function resultsOf(name: string, count: number): Promise<Answer[]> {
  const { url, clock } = await stage();
  const id = await accepted(url, { prompt: `[sandbox:${name}]` });
  expect(await resultOf(url, id)).toMatchObject({ status: 200, body: { status: 'QUEUED' } });
  await othersDoneAfter(60_000, url, clock);
  await until(async () => ((await statusOf(url, id)).body?.['status'] === 'COMPLETED' ? true : null));
  return inOrder(count, () => resultOf(url, id));
}

describe('at the end', () => {
  it('expired is unknown to both', async () => {
    const { url, clock } = await stage();
    const id = await accepted(url, { prompt: '[sandbox:expired]' });
    expect((await statusOf(url, id)).status).toBe(200);
    await othersDoneAfter(60_000, url, clock);
    await until(async () => ((await statusOf(url, id)).status === 404 ? true : null));
    expect(await resultOf(url, id)).toMatchObject({
      status: 404,
      body: { error: `Request ${id} not found` },
    });
  });

  it.each([
    ['result-expired', [404, 404, 404, 404, 404]],
    ['result-error', [502, 502, 502, 200, 200]],
  ])('%s has its status COMPLETED and its result %j', async (name, expected) => {
    const answers = await resultsOf(name, expected.length);
    expect(answers.map(({ status }) => status)).toEqual(expected);
  });

  it('result-late has its status COMPLETED before its result', async () => {
    const answers = await resultsOf('result-late', 4);
    expect(answers.map(({ body }) => [body?.['status'], body?.['output'] === undefined])).toEqual([
      ['PROCESSING', true],
      ['PROCESSING', true],
      ['COMPLETED', false],
      ['COMPLETED', false],
    ]);
  });

  it('output-only has no video in its result', async () => {
    const [{ body } = { body: null }] = await resultsOf('output-only', 1);
    expect(body).not.toHaveProperty('video');
    expect(textOf(body, 'output')).toMatch(/\.mp4$/);
  });
});

/** Lets so much time pass that an ordinary job, sent now, is done. */
async function othersDoneAfter(ms: number, url: string, clock: FakeClock): Promise<void> {
  const witness = await accepted(url);
  clock.advance(ms);
  await until(async () => ((await statusOf(url, witness)).body?.['status'] === 'COMPLETED' ? true : null));
}

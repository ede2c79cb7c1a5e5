import { request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { KEY, accepted, ended, pictureUrl, resultOf, statusOf, textOf, until, history } from '../support.ts';
import { completed, inOrder, othersDoneAfter, seen, stage } from './fault-stage.ts';

describe('in the job', () => {
  it.each([
    ['content-block', 422, 'moderation'],
    ['model-error', 422, 'Inference failed'],
    ['failed-200', 200, 'Inference'],
  ])('%s fails later with status %i, on both calls and without a cost', async (name, status, words) => {
    const { url, clock } = await stage();
    const id = await accepted(url, { prompt: `[sandbox:${name}]` });
    clock.advance(2_000);
    expect((await statusOf(url, id)).body?.['status']).toBe('PROCESSING');
    clock.advance(60_000);
    const failed = { status, body: { status: 'FAILED', error: expect.stringContaining(words) } };
    expect(await statusOf(url, id)).toMatchObject(failed);
    expect(await resultOf(url, id)).toMatchObject(failed);
    expect((await statusOf(url, id)).body?.['metrics']).not.toHaveProperty('cost');
  });

  it('cancelled stays CANCELLED with an error and no cost', async () => {
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

  it('completed-422 completes with status 422, on both calls', async () => {
    const { url, id, results } = await completed('completed-422');
    expect((await statusOf(url, id)).status).toBe(422);
    const [result] = await results(1);
    expect(result).toMatchObject({ status: 422, body: { status: 'COMPLETED' } });
    expect(textOf(result?.body ?? null, 'output')).toMatch(/\.mp4$/);
  });

  it('status-warming never leaves WARMING_UP', async () => {
    const { url, clock } = await stage();
    const id = await accepted(url, { prompt: '[sandbox:status-warming]' });
    for (const ms of [0, 2_000, 3_590_000]) {
      clock.advance(ms);
      expect(await statusOf(url, id)).toMatchObject({ status: 200, body: { status: 'WARMING_UP' } });
      expect(await resultOf(url, id)).toMatchObject({ status: 200, body: { status: 'WARMING_UP' } });
    }
  });

  it('gzip compresses every response although the client asks for identity', async () => {
    const { url, clock } = await stage();
    const image = await pictureUrl();
    const fields = { prompt: '[sandbox:gzip]', image, resolution: 360, video_length: 1 };
    const body = JSON.stringify(fields);
    const submitted = await plain(`${url}/v2/wan2.1-i2v-480p`, body);
    const id = textOf(unzipped(submitted), 'request_id');
    clock.advance(60_000);
    await ended(url, id);
    expect(unzipped(await plain(`${url}/v2/requests/${id}/status`))).toMatchObject({ status: 'COMPLETED' });
    expect(unzipped(await plain(`${url}/v2/requests/${id}`))).toHaveProperty('output');
  });

  it('slow takes several times as long', async () => {
    const { url, clock } = await stage();
    const id = await accepted(url, { prompt: '[sandbox:slow]' });
    await othersDoneAfter(12_000, url, clock);
    expect((await statusOf(url, id)).body?.['status']).toBe('PROCESSING');
    clock.advance(40_000);
    await ended(url, id);
  });

  it('endless is still PROCESSING when it expires', async () => {
    const { url, clock } = await stage();
    const id = await accepted(url, { prompt: '[sandbox:endless]' });
    clock.advance(3_599_999);
    expect((await statusOf(url, id)).body?.['status']).toBe('PROCESSING');
    clock.advance(1);
    expect((await statusOf(url, id)).status).toBe(404);
  });
});

describe('at the status call', () => {
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

  it('status-garbage is unreadable every other time', async () => {
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

  it('status-word has an unknown status three times', async () => {
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
  it('expired is unknown to both calls and the history', async () => {
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
  ])('%s has the status COMPLETED and results with %j', async (name, expected) => {
    const { results } = await completed(name);
    const answers = await results(expected.length);
    expect(answers.map(({ status }) => status)).toEqual(expected);
  });

  it('result-late has the status COMPLETED before the result has', async () => {
    const { results } = await completed('result-late');
    const answers = await results(4);
    expect(answers.map(({ body }) => [body?.['status'], body?.['output'] === undefined])).toEqual([
      ['PROCESSING', true],
      ['PROCESSING', true],
      ['COMPLETED', false],
      ['COMPLETED', false],
    ]);
  });

  it('faults of the result do not show before the end', async () => {
    const { url } = await stage();
    const names = ['result-expired', 'result-error', 'result-late', 'output-only', 'result-raw'];
    for (const name of names) {
      const id = await accepted(url, { prompt: `[sandbox:${name}]` });
      expect(await resultOf(url, id)).toMatchObject({ status: 200, body: { status: 'QUEUED' } });
    }
  });
});

/** Sends a POST if there is a body, or else a GET. @returns the bytes, which fetch would decompress */
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

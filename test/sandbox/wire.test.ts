import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import {
  FakeClock,
  KEY,
  SUBMIT,
  accepted,
  call,
  ended,
  objectOf,
  pictureUrl,
  resultOf,
  sandbox,
  statusOf,
  steady,
  submit,
  textOf,
} from './support.ts';
import type { Answer } from './support.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

describe('the v2 API', () => {
  it('answers a submit with an id and absolute URLs', async () => {
    const { url } = await sandbox();
    const { status, body } = await submit(url);
    const id = textOf(body, 'request_id');
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(status).toBe(200);
    expect(body).toEqual({
      request_id: id,
      status: 'QUEUED',
      poll_url: `${url}/v2/requests/${id}`,
      status_url: `${url}/v2/requests/${id}/status`,
      response_url: `${url}/v2/requests/${id}`,
    });
  });

  it('builds its URLs from its public URL', async () => {
    const { url } = await sandbox({ publicUrl: 'http://sandbox.test:4010' });
    expect(url).toBe('http://sandbox.test:4010');
  });

  it.each(['evil.example', 'localhost', 'evil.example/path', 'a b', ''])(
    'builds its URLs from its own address when the Host is %j',
    async (host) => {
      const { url } = await sandbox();
      const id = await accepted(url);
      const body = await rawGet(`${url}/v2/requests/${id}/status`, host);
      expect(body).toContain(`"status_url":"${url}/v2/requests/${id}/status"`);
    },
  );

  it('goes from QUEUED through PROCESSING to COMPLETED', async () => {
    const clock = new FakeClock();
    const { url } = await sandbox({ clock: clock.read, random: steady });
    const id = await accepted(url);
    const urls = { status_url: `${url}/v2/requests/${id}/status`, response_url: `${url}/v2/requests/${id}` };
    const queued = { status: 'QUEUED', request_id: id, ...urls, metrics: {} };
    expect((await statusOf(url, id)).body).toEqual(queued);
    expect(await resultOf(url, id)).toMatchObject({ status: 200, body: queued });

    clock.advance(1_500);
    const processing = { ...queued, status: 'PROCESSING' };
    expect((await statusOf(url, id)).body).toEqual(processing);
    expect(await resultOf(url, id)).toMatchObject({ status: 200, body: processing });

    clock.advance(20_000);
    const status = await ended(url, id);
    const metrics = {
      inference_time: expect.any(Number),
      queue_time: expect.any(Number),
      total_time: expect.any(Number),
      cost: 0.53,
      remaining_credits: 999_999.47,
    };
    expect(status.body).toEqual({ status: 'COMPLETED', request_id: id, metrics });
    const result = await resultOf(url, id);
    const output = textOf(result.body, 'output');
    expect(output).toMatch(new RegExp(`^${url}/videos/[0-9a-f]{32}\\.mp4$`));
    expect(result.status).toBe(200);
    expect(result.body).toEqual({
      status: 'COMPLETED',
      request_id: id,
      metrics: status.body?.['metrics'],
      error: null,
      video: {
        url: output,
        content_type: 'video/mp4',
        file_name: new URL(output).pathname.split('/').at(-1),
        file_size: expect.stringMatching(/^\d+$/),
      },
      output,
    });
    const file = await fetch(output);
    expect(file.headers.get('content-length')).toBe(textOf(objectOf(result.body, 'video'), 'file_size'));
  });

  it('tells real seconds', async () => {
    const clock = new FakeClock();
    const { url } = await sandbox({ clock: clock.read, random: steady });
    const id = await accepted(url, { resolution: 480, video_length: 3 });
    clock.advance(30_000);
    const { body } = await ended(url, id);
    const metrics = objectOf(body, 'metrics');
    const [queue, inference, total] = ['queue_time', 'inference_time', 'total_time'].map((field) =>
      Number(metrics[field]),
    );
    expect(queue).toBeCloseTo(0.5, 0);
    expect(total).toBeCloseTo((queue ?? 0) + (inference ?? 0), 3);
    expect(total).toBeGreaterThan(5);
    expect(total).toBeLessThanOrEqual(30);
  });

  it('gives the video as base64 when asked to', async () => {
    const { url } = await sandbox({ speed: 100 });
    const id = await accepted(url, { base64: true });
    await ended(url, id);
    const { body } = await resultOf(url, id);
    expect(body).not.toHaveProperty('video');
    const bytes = Buffer.from(textOf(body, 'output'), 'base64');
    expect(bytes.subarray(4, 8).toString()).toBe('ftyp');
  });

  it('does not know what it was not told of', async () => {
    const { url } = await sandbox();
    const id = 'f'.repeat(32);
    const unknown = { status: 404, body: { error: `Request ${id} not found` } };
    expect(await statusOf(url, id)).toMatchObject(unknown);
    expect(await resultOf(url, id)).toMatchObject(unknown);
    expect((await call(`${url}/v2/requests/..%2f..%2fetc%2fpasswd`)).status).toBe(404);
  });
});

describe('the v1 API', () => {
  it('waits and answers the video itself', async () => {
    const { url } = await sandbox({ speed: 100 });
    const response = await fetch(`${url}/v1/wan2.1-i2v-480p`, {
      method: 'POST',
      headers: { ...KEY, ...JSON_TYPE },
      body: JSON.stringify({ image: await pictureUrl(), prompt: 'Waves', resolution: 360, video_length: 1 }),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('video/mp4');
    expect(bytes.subarray(4, 8).toString()).toBe('ftyp');
  });

  it.each([
    [{ prompt: 'Waves', image: 'https://example.com/a.png', steps: 9 }, 400, 'steps'],
    [{ prompt: '[sandbox:content-block]', image: 'https://example.com/a.png' }, 500, 'moderation'],
    [{ prompt: '[sandbox:no-credits]', image: 'https://example.com/a.png' }, 402, 'credits'],
  ])('answers %j with %i', async (fields, status, words) => {
    const { url } = await sandbox({ speed: 100 });
    const body = JSON.stringify(fields);
    const answer = await call(`${url}/v1/wan2.1-i2v-480p`, { method: 'POST', headers: JSON_TYPE, body });
    expect(answer.status).toBe(status);
    expect(textOf(answer.body, 'error')).toContain(words);
  });
});

describe('the credits', () => {
  it('go down by what a job costs, and not for one that cannot succeed', async () => {
    const { url } = await sandbox();
    const credits = (): Promise<unknown> => call(`${url}/v1/get-user-credits`).then(({ body }) => body);
    expect(await credits()).toEqual({ credits: 1_000_000, 'free-credits': 0 });
    await accepted(url);
    await accepted(url, { steps: 9 });
    await accepted(url, { prompt: '[sandbox:content-block]' });
    await accepted(url);
    expect(await credits()).toEqual({ credits: 999_998.94, 'free-credits': 0 });
  });
});

describe('keys', () => {
  const CALLS = [
    ['POST', SUBMIT],
    ['POST', '/v1/wan2.1-i2v-480p'],
    ['POST', '/v2/other-model'],
    ['GET', `/v2/requests/${'a'.repeat(32)}`],
    ['GET', `/v2/requests/${'a'.repeat(32)}/status`],
    ['GET', '/v1/get-user-credits'],
    ['GET', '/inference-request/request-history'],
    ['GET', `/inference-request/request-history/${'a'.repeat(32)}`],
  ] as const;
  const HEADERS = [
    [{}, 401],
    [{ 'x-api-key': '' }, 401],
    [{ 'x-api-key': 'SG_invalid' }, 401],
    [{ 'x-api-key': 'SG_forbidden' }, 403],
    [{ authorization: 'Bearer SG_test' }, 401],
  ] as const;

  it.each(CALLS)('are asked for at %s %s', async (method, path) => {
    const { url } = await sandbox();
    const statuses = await Promise.all(
      HEADERS.map(async ([headers]) => {
        const response = await fetch(url + path, { method, headers });
        expect(await response.json()).toEqual({ error: expect.any(String) });
        return response.status;
      }),
    );
    expect(statuses).toEqual(HEADERS.map(([, status]) => status));
  });
});

function post(url: string, body: string, type = 'application/json', path = SUBMIT): Promise<Answer> {
  return call(url + path, { method: 'POST', body, headers: { 'content-type': type } });
}

describe('refusals', () => {
  it('are JSON with an error string', async () => {
    const { url } = await sandbox();
    const answers = await Promise.all([
      post(url, '{}', 'application/json', '/v2/wan2.1-t2v'),
      post(url, '{}', 'text/plain'),
      post(url, '{"prompt":'),
      post(url, '[1]'),
      post(url, 'null'),
      post(url, ''),
      post(url, JSON.stringify({ prompt: 'x'.repeat(1024 * 1024) })),
      call(`${url}/nowhere`),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([404, 406, 400, 400, 400, 400, 413, 404]);
    for (const { body } of answers) expect(body).toEqual({ error: expect.any(String) });
    expect(answers[1]?.body).toEqual({ error: 'Invalid content type' });
  });

  it('takes a content type with parameters', async () => {
    const { url } = await sandbox();
    expect((await post(url, '{}', 'Application/JSON; charset=utf-8')).status).toBe(200);
  });

  it.each([
    ['GET', SUBMIT],
    ['PUT', '/v1/wan2.1-i2v-480p'],
    ['POST', `/v2/requests/${'a'.repeat(32)}/status`],
    ['DELETE', `/v2/requests/${'a'.repeat(32)}`],
    ['POST', '/images/sample.png'],
    ['POST', '/inference-request/request-history'],
  ])('answers %s %s with 405 and a page', async (method, path) => {
    const { url } = await sandbox();
    const answer = await call(url + path, { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('content-type')).toContain('text/html');
    expect(answer.headers.get('allow')).toMatch(/GET|POST/);
    expect(answer.text).toContain('405');
  });

  it('turns a submit away when too many videos are still to be made', async () => {
    const { url } = await sandbox({ maxPendingVideos: 2 });
    const fields = { resolution: 576, video_length: 5 };
    const answers = await Promise.all([1, 2, 3, 4].map(() => submit(url, fields)));
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([
      200, 200, 429, 429,
    ]);
    expect(answers.find(({ status }) => status === 429)?.body).toEqual({ error: 'Too many requests' });
  });

  it('outlives clients that send nonsense or go away', async () => {
    const { url } = await sandbox();
    await sendRaw(url, 'NONSENSE\r\n\r\n');
    await sendRaw(
      url,
      `POST ${SUBMIT} HTTP/1.1\r\nhost: x\r\nx-api-key: k\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{`,
    );
    await expect(
      fetch(`${url}/v1/wan2.1-i2v-480p`, {
        method: 'POST',
        headers: { ...KEY, ...JSON_TYPE },
        body: JSON.stringify({ image: 'https://example.com/a.png', prompt: '[sandbox:endless]' }),
        signal: AbortSignal.timeout(200),
      }),
    ).rejects.toThrow('timeout');
    expect((await call(`${url}/v1/get-user-credits`)).status).toBe(200);
  });
});

describe('the sample image', () => {
  it('is a PNG for everybody', async () => {
    const { url } = await sandbox();
    const response = await fetch(`${url}/images/sample.png`);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(bytes.subarray(1, 4).toString()).toBe('PNG');
  });
});

/** fetch does not let one choose the Host header. */
function rawGet(url: string, host: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const sent = request(url, { headers: { ...KEY, host } }, (response) => {
    response.setEncoding('utf8');
    let text = '';
    response.on('data', (chunk: string) => (text += chunk));
    response.on('end', () => {
      resolve(text);
    });
  });
  sent.on('error', reject);
  sent.end();
  return promise;
}

/** Writes raw bytes, half-closes, and resolves when the other side has closed or a moment has passed. */
async function sendRaw(url: string, bytes: string): Promise<void> {
  const { connect } = await import('node:net');
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.on('close', () => {
    resolve();
  });
  socket.write(bytes, () => {
    setTimeout(() => socket.destroy(), 50);
  });
  await promise;
}

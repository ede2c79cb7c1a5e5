import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import {
  FakeClock,
  KEY,
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
} from '../support.ts';

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

  it('uses the public URL in its URLs', async () => {
    const { url } = await sandbox({ publicUrl: 'http://sandbox.test:4010' });
    expect(url).toBe('http://sandbox.test:4010');
  });

  it.each(['evil.example', 'localhost', 'evil.example/path', 'a b', ''])(
    'uses its own address in its URLs when the Host header is %j',
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

  it('has metrics in real seconds', async () => {
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

  it('returns the video as base64 on request', async () => {
    const { url } = await sandbox({ speed: 100 });
    const id = await accepted(url, { base64: true });
    await ended(url, id);
    const { body } = await resultOf(url, id);
    expect(body).not.toHaveProperty('video');
    const bytes = Buffer.from(textOf(body, 'output'), 'base64');
    expect(bytes.subarray(4, 8).toString()).toBe('ftyp');
  });

  it('answers an unknown id with 404', async () => {
    const { url } = await sandbox();
    const id = 'f'.repeat(32);
    const unknown = { status: 404, body: { error: `Request ${id} not found` } };
    expect(await statusOf(url, id)).toMatchObject(unknown);
    expect(await resultOf(url, id)).toMatchObject(unknown);
    expect((await call(`${url}/v2/requests/..%2f..%2fetc%2fpasswd`)).status).toBe(404);
  });
});

describe('the v1 API', () => {
  it('waits and answers with the video itself', async () => {
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
  it('decrease by the cost of a job that can succeed', async () => {
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

describe('the sample image', () => {
  it('is a public PNG', async () => {
    const { url } = await sandbox();
    const response = await fetch(`${url}/images/sample.png`);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(bytes.subarray(1, 4).toString()).toBe('PNG');
  });
});

/** Sends a GET with a Host header, which fetch does not allow. */
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

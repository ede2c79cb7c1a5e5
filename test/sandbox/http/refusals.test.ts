import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type Answer, KEY, SUBMIT, call, sandbox, submit } from '../support.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

describe('keys', () => {
  const CALLS = [
    ['POST', SUBMIT],
    ['POST', '/v1/wan2.1-i2v-480p'],
    ['POST', '/v2/other-model'],
    ['POST', '/upload-asset'],
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

  it.each(CALLS)('are required at %s %s', async (method, path) => {
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

describe('a rejected request', () => {
  it('gets JSON with an error string', async () => {
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

  it('does not include a content type with parameters', async () => {
    const { url } = await sandbox();
    expect((await post(url, '{}', 'Application/JSON; charset=utf-8')).status).toBe(200);
  });

  it.each([
    ['GET', SUBMIT],
    ['GET', '/upload-asset'],
    ['PUT', '/v1/wan2.1-i2v-480p'],
    ['POST', `/v2/requests/${'a'.repeat(32)}/status`],
    ['DELETE', `/v2/requests/${'a'.repeat(32)}`],
    ['POST', '/images/sample.png'],
    ['POST', '/inference-request/request-history'],
  ])('%s %s gets 405 and a page', async (method, path) => {
    const { url } = await sandbox();
    const answer = await call(url + path, { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('content-type')).toContain('text/html');
    expect(answer.headers.get('allow')).toMatch(/GET|POST/);
    expect(answer.text).toContain('405');
  });

  it('is a submission when too many videos are waiting', async () => {
    const { url } = await sandbox({ maxPendingVideos: 2 });
    const fields = { resolution: 576, video_length: 5 };
    const answers = await Promise.all([1, 2, 3, 4].map(() => submit(url, fields)));
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([
      200, 200, 429, 429,
    ]);
    expect(answers.find(({ status }) => status === 429)?.body).toEqual({ error: 'Too many requests' });
  });

  it('may be nonsense or incomplete: the sandbox survives it', async () => {
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

/** Writes raw bytes and closes the connection after 50 ms, unless the server does so before. */
async function sendRaw(url: string, bytes: string): Promise<void> {
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

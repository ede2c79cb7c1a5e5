import { ReelgateError } from '@reelgate/client';
import { describe, expect, test, vi } from 'vitest';
import { SIGN_IN, signToken } from '../auth/tokens.ts';
import { startGateway } from '../support/gateway/gateway.ts';
import { WHOLE_LIFE } from '../support/gateway/job-mover.ts';
import { PNG } from '../support/gateway/upload.ts';
import { HttpProxy } from '../support/network/http-proxy.ts';
import { acceptedJob, clientOf, startWithOneFailure } from './client.ts';

const INPUT = { image: 'https://example.com/cat.png', prompt: 'the waves roll in' };
const BAD_GATEWAY = { status: 502, body: '<h1>Bad Gateway</h1>' };

describe('a request', () => {
  test('whose answer was lost is repeated with its idempotency key and makes one job', async () => {
    await using gateway = await startGateway();
    await using proxy = await HttpProxy.start(gateway.port);
    proxy.actions.push('lose-answer', BAD_GATEWAY);
    using client = clientOf(proxy.port);
    const { id } = await client.submit(INPUT);
    expect((await client.jobs()).jobs.map((job) => job.id)).toEqual([id]);
    const keys = proxy.requests
      .slice(0, 3)
      .map(({ body }) => JSON.parse(body).variables.input.idempotencyKey);
    expect(keys[0]).toMatch(/^\d+(?:-\d+){3}$/);
    expect(keys).toEqual([keys[0], keys[0], keys[0]]);
  });

  test('has the same idempotency key with another start deadline and another webhook', async () => {
    await using proxy = await HttpProxy.start(1);
    proxy.action = BAD_GATEWAY;
    using client = clientOf(proxy.port, { retryForMs: 0 });
    const options = [
      { startBefore: '2030-01-01T00:00:00Z', webhookUrl: 'https://example.com/1' },
      { startBefore: '2030-01-02T00:00:00Z', webhookUrl: 'https://example.com/2' },
    ];
    for (const each of options)
      await expect(client.submit({ ...INPUT, ...each })).rejects.toMatchObject({ code: 'UNREACHABLE' });
    const inputs = proxy.requests.map(({ body }) => JSON.parse(body).variables.input);
    expect(inputs).toMatchObject(options);
    expect(inputs[1].idempotencyKey).toBe(inputs[0].idempotencyKey);
  });

  test('is repeated when the store is unavailable for a moment', async () => {
    const { gateway: started, reads } = await startWithOneFailure();
    await using gateway = started;
    const { id } = await acceptedJob(gateway);
    using client = clientOf(gateway.port);
    expect((await client.job(id))?.id).toBe(id);
    expect(reads()).toBe(2);
  });

  test('rejects with UNREACHABLE when the gateway is away for longer than retryForMs', async () => {
    await using proxy = await HttpProxy.start(1);
    using client = clientOf(proxy.port, { retryForMs: 1000 });
    await expect(client.jobs()).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(proxy.requests.length).toBeGreaterThan(1);
  });

  test('is sent once with retryForMs 0', async () => {
    await using proxy = await HttpProxy.start(1);
    using client = clientOf(proxy.port, { retryForMs: 0 });
    await expect(client.jobs()).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(proxy.requests).toHaveLength(1);
  });

  test('waits as long as Retry-After says', async () => {
    await using proxy = await HttpProxy.start(1);
    proxy.action = { status: 429, body: 'slow down', headers: { 'retry-after': '4321' } };
    using client = clientOf(proxy.port, { retryForMs: Infinity });
    using timers = vi.spyOn(globalThis, 'setTimeout');
    const abort = new AbortController();
    const reading = client.jobs({ signal: abort.signal });
    await vi.waitFor(() => expect(timers.mock.calls.map(([, ms]) => ms)).toContain(4_321_000), 30_000);
    abort.abort();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
    expect(proxy.requests).toHaveLength(1);
  });

  test('rejects at once when Retry-After is longer than retryForMs', async () => {
    await using proxy = await HttpProxy.start(1);
    proxy.action = { status: 429, body: 'slow down', headers: { 'retry-after': '4321' } };
    using client = clientOf(proxy.port, { retryForMs: 4_321_000 });
    await expect(client.jobs()).rejects.toMatchObject({ retryAfterSeconds: 4321 });
    expect(proxy.requests).toHaveLength(1);
  });

  test.each([
    [401, 'UNAUTHENTICATED'],
    [403, 'FORBIDDEN'],
    [404, 'NOT_GRAPHQL'],
    [200, 'NOT_GRAPHQL'],
  ])('that a page with status %i answers rejects at once with %s', async (status, code) => {
    await using proxy = await HttpProxy.start(1);
    proxy.action = { status, body: '<h1>A page</h1>' };
    using client = clientOf(proxy.port);
    await expect(client.submit(INPUT)).rejects.toMatchObject({ name: 'ReelgateError', code });
    expect(proxy.requests).toHaveLength(1);
  });

  test('asks for the token again when it is refused', async () => {
    await using gateway = await startGateway({ settings: SIGN_IN });
    const tokens = ['expired', await signToken()];
    using client = clientOf(gateway.port, { token: async () => tokens.shift() ?? null });
    expect((await client.submit(INPUT)).version).toBe(1);
    expect(tokens).toEqual([]);
  });

  test('rejects with UNAUTHENTICATED when the renewed token is refused too', async () => {
    await using gateway = await startGateway({ settings: SIGN_IN });
    let calls = 0;
    using client = clientOf(gateway.port, { token: () => `wrong ${(calls += 1)}` });
    await expect(client.submit(INPUT)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(client.upload(new Blob([PNG]))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(calls).toBe(4);
    // Over a WebSocket.
    await expect(client.watch('vj_1')[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: 'The token is not valid.',
    });
  });

  test('rejects with the error of the token function', async () => {
    using client = clientOf(1, { token: () => Promise.reject(new Error('no session')) });
    await expect(client.jobs()).rejects.toThrow('no session');
  });

  test('to delete a job resolves when the lost answer had deleted it', async () => {
    await using gateway = await startGateway();
    await using proxy = await HttpProxy.start(gateway.port);
    const { id, move } = await acceptedJob(gateway);
    await move(...WHOLE_LIFE);
    using client = clientOf(proxy.port);
    proxy.actions.push('lose-answer');
    await client.delete(id);
    expect(await client.job(id)).toBeNull();
  });

  test('to upload is repeated, and reports the progress from the start', async () => {
    await using gateway = await startGateway();
    await using proxy = await HttpProxy.start(gateway.port);
    proxy.actions.push(BAD_GATEWAY);
    using client = clientOf(proxy.port);
    const shares: number[] = [];
    const { contentType } = await client.upload(new Blob([PNG]), {
      onProgress: (share) => shares.push(share),
    });
    expect([contentType, ...shares]).toEqual(['image/png', 0, 1, 0, 1]);
  });

  test('names a wrong url', async () => {
    using client = clientOf(1, { url: '/graphql' });
    await expect(client.jobs()).rejects.toThrow('"/graphql" is not valid');
    const iterator = client.watch('vj_1')[Symbol.asyncIterator]();
    await expect(iterator.next()).rejects.toThrow('"/graphql" is not valid');
  });
});

describe('an abort', () => {
  test.each([
    ['before', (abort: AbortController) => abort.abort()],
    ['in the same turn', (abort: AbortController) => queueMicrotask(() => abort.abort())],
    ['while the gateway is silent', (abort: AbortController) => setTimeout(() => abort.abort(), 50)],
  ])('%s rejects every request with an AbortError', async (_, start) => {
    await using proxy = await HttpProxy.start(1);
    proxy.action = 'hang';
    using client = clientOf(proxy.port);
    const file = new Blob([PNG]);
    for (const call of [
      (signal: AbortSignal) => client.submit(INPUT, { signal }),
      (signal: AbortSignal) => client.submit({ ...INPUT, image: file }, { signal }),
      (signal: AbortSignal) => client.generate({ ...INPUT, image: file }, { signal }),
      (signal: AbortSignal) => client.upload(file, { signal }),
      (signal: AbortSignal) => client.jobs({ signal }),
      (signal: AbortSignal) => client.watch('vj_1', { signal })[Symbol.asyncIterator]().next(),
      (signal: AbortSignal) => client.watchAll({ signal })[Symbol.asyncIterator]().next(),
    ]) {
      const abort = new AbortController();
      start(abort);
      await expect(call(abort.signal)).rejects.toMatchObject({ name: 'AbortError' });
    }
  });

  test('ends the pause between two attempts', async () => {
    const client = clientOf(1, { retryForMs: Infinity });
    const abort = new AbortController();
    const reading = client.jobs({ signal: abort.signal });
    setTimeout(() => abort.abort(new Error('changed my mind')), 300);
    await expect(reading).rejects.toThrow('changed my mind');
  });

  test('of one of two requests with the same file does not stop the upload of the other', async () => {
    let uploads = 0;
    const uploading = Promise.withResolvers<void>();
    await using gateway = await startGateway({
      uploadImage: async () => {
        uploads += 1;
        await uploading.promise;
        return { type: 'uploaded', url: 'https://files.example.com/1.png' };
      },
    });
    using client = clientOf(gateway.port);
    const image = new Blob([PNG]);
    const abort = new AbortController();
    const aborted = client.submit({ ...INPUT, image, seed: 1 }, { signal: abort.signal });
    const other = client.submit({ ...INPUT, image, seed: 2 });
    await expect.poll(() => uploads).toBe(1);
    abort.abort();
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
    uploading.resolve();
    expect((await other).request.image).toBe('https://files.example.com/1.png');
    expect(uploads).toBe(1);
  });
});

describe('close', () => {
  test('ends everything that is open with CLOSED, and refuses later calls', async () => {
    await using proxy = await HttpProxy.start(1);
    proxy.action = 'hang';
    proxy.upgrade = 'hang';
    const client = clientOf(proxy.port);
    const other = clientOf(proxy.port);
    const otherReading = other.jobs();
    const calls = () => [
      client.submit({ ...INPUT, image: new Blob([PNG]) }),
      client.generate(INPUT),
      client.upload(new Blob([PNG])),
      client.jobs(),
      client.watch('vj_1')[Symbol.asyncIterator]().next(),
      client.watchAll()[Symbol.asyncIterator]().next(),
    ];
    const open = calls().map(codeOf);
    await expect.poll(() => proxy.requests.length).toBe(5);
    client.close();
    client.close();
    expect(await Promise.all(open)).toEqual(Array(6).fill('CLOSED'));
    expect(await Promise.all(calls().map(codeOf))).toEqual(Array(6).fill('CLOSED'));
    expect(client.connection.state).toBe('idle');
    other.close();
    expect(await codeOf(otherReading)).toBe('CLOSED');
  });
});

async function codeOf(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call;
    return 'resolved';
  } catch (error) {
    return error instanceof ReelgateError ? error.code : undefined;
  }
}

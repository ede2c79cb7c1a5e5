import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { LookupFunction } from 'node:net';
import { expect, it } from 'vitest';
import { MessageClient, type MessageClientOptions } from '../../src/providers/message-client.ts';
import { makeCertificate } from '../support/network/certificates.ts';
import { ConnectProxy } from '../support/network/connect-proxy.ts';
import { freePort, listenOnFreePort } from '../support/network/ports.ts';
import { listenTcp } from '../support/network/tcp-listener.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { answer, destroyAfterReading, neverEnding, redirect, silence } from '../support/upstream/replies.ts';
import { ScriptedUpstream } from '../support/upstream/scripted-upstream.ts';

async function start(options: Partial<MessageClientOptions> = {}) {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await ScriptedUpstream.start());
  const client = stack.use(
    new MessageClient({
      isTrusted: () => true,
      proxy: null,
      timeoutMs: 30_000,
      now: () => 0,
      ...options,
    }),
  );
  const post = (path: string, signal = new AbortController().signal) =>
    client.post({
      url: new URL(path, server.origin),
      headers: { 'webhook-id': '7' },
      body: '{"a":1}',
      signal,
    });
  const owned = stack.move();
  return { server, post, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

it('posts JSON and tells the answer', async () => {
  await using stage = await start();
  stage.server.on('POST', '/hook', answer(202));
  expect(await stage.post('/hook?x=1#part')).toEqual({ type: 'answered', status: 202, retryAfterMs: null });
  const [request] = stage.server.requests;
  expect(request).toMatchObject({
    path: '/hook?x=1',
    body: '{"a":1}',
    headers: { 'content-type': 'application/json', 'user-agent': 'reelgate', 'webhook-id': '7' },
  });
});

it('reads Retry-After', async () => {
  await using stage = await start();
  stage.server.on('POST', '/hook', answer(429, '', { 'retry-after': '7' }));
  expect(await stage.post('/hook')).toEqual({ type: 'answered', status: 429, retryAfterMs: 7000 });
});

it('follows no redirect', async () => {
  await using stage = await start();
  stage.server.on('POST', '/hook', redirect(307, '/other'));
  expect(await stage.post('/hook')).toMatchObject({ type: 'answered', status: 307 });
  expect(stage.server.requests.map(({ path }) => path)).toEqual(['/hook']);
});

it('does not wait for a body that is long or never ends', async () => {
  await using stage = await start();
  stage.server.on('POST', '/long', answer(200, 'x'.repeat(1_000_000)));
  stage.server.on('POST', '/endless', neverEnding(200, 'x'));
  expect(await stage.post('/long')).toMatchObject({ status: 200 });
  expect(await stage.post('/endless')).toMatchObject({ status: 200 });
});

it('reads no more than some interim answers', async () => {
  await using stage = await start({ timeoutMs: 3000 });
  const closed = Promise.withResolvers<void>();
  await using tcp = await listenTcp((socket) => {
    socket.resume().on('close', closed.resolve);
    const flood = () =>
      void (!socket.destroyed && socket.write('HTTP/1.1 102 Processing\r\n\r\n'.repeat(1000), flood));
    flood();
  });
  expect(await stage.post(tcp.origin)).toEqual({
    type: 'unanswered',
    reason: 'The target sent too many interim answers.',
  });
  await closed.promise;
});

it('closes the connection of an answer that does not end within a second', async () => {
  await using stage = await start();
  stage.server.on('POST', '/endless', neverEnding(200, 'x'));
  const startedAt = performance.now();
  await stage.post('/endless');
  await stage.server.untilIdle();
  expect(performance.now() - startedAt).toBeLessThan(10_000);
});

it('tells why there was no answer', async () => {
  await using stage = await start({ timeoutMs: 200 });
  stage.server.on('POST', '/silent', silence);
  stage.server.on('POST', '/closing', destroyAfterReading);
  const reasonOf = async (path: string) => {
    const outcome = await stage.post(path);
    return outcome.type === 'unanswered' ? outcome.reason : outcome.status;
  };
  expect(await reasonOf('/silent')).toBe('No answer came within 0.2 seconds.');
  expect(await reasonOf('/closing')).toBe('The connection failed (UND_ERR_SOCKET).');
  expect(await reasonOf(`http://127.0.0.1:${await freePort()}/`)).toBe(
    'The connection failed (ECONNREFUSED).',
  );
});

it('tells when the proxy refuses', async () => {
  await using proxy = await ConnectProxy.start(0, 407);
  await using stage = await start({
    proxy: { httpProxy: proxy.url, httpsProxy: proxy.url, noProxy: '' },
  });
  expect(await stage.post('https://hooks.example.com/')).toEqual({
    type: 'unanswered',
    reason: "The gateway's proxy refused the connection.",
  });
});

it('sends nothing to a target whose certificate is not trusted', async () => {
  using folder = tempFolder();
  const { certificate, key } = makeCertificate(folder.path, 'localhost');
  let requests = 0;
  const target = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (_, response) => {
    requests += 1;
    response.end();
  });
  await using stage = await start();
  expect(await stage.post(`https://localhost:${await listenOnFreePort(target)}/`)).toEqual({
    type: 'unanswered',
    reason: 'The connection failed (UNABLE_TO_VERIFY_LEAF_SIGNATURE).',
  });
  target.close();
  expect(requests).toBe(0);
});

it.each([
  'http://127.0.0.1:1/',
  'http://[::ffff:10.0.0.1]/',
  'http://169.254.169.254/',
  'https://hooks.example.com/',
])('sends nothing to %s, which has no public address, and names no address', async (url) => {
  await using stage = await start({ isTrusted: () => false, lookup: resolvesToLoopback });
  expect(await stage.post(url)).toEqual({
    type: 'unanswered',
    reason: 'The host of the URL has no public address.',
  });
});

const resolvesToLoopback: LookupFunction = (_host, _options, callback) =>
  callback(null, [{ address: '127.0.0.1', family: 4 }]);

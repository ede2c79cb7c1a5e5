import type { RequestListener } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { FileClient } from '../../../../src/providers/files/file-client.ts';
import { FileRequests } from '../../../../src/transports/http/media/file-requests.ts';
import { MediaProxy } from '../../../../src/transports/http/media/media-proxy.ts';
import { listening, NO_EVENTS } from '../../../support/events.ts';
import { listen } from './video-upstream.ts';

const PATH = '/videos/1.mp4';

/** A gateway with an upstream that answers by this listener. */
async function proxyTo(upstream: RequestListener, timeoutMs?: number) {
  const origin = await listen(upstream);
  const files = new FileClient({
    trustedOrigins: [origin],
    proxy: null,
    ...(timeoutMs === undefined ? {} : { idleTimeoutMs: timeoutMs }),
  });
  onTestFinished(() => files[Symbol.asyncDispose]());
  const logged: string[] = [];
  const proxy = new MediaProxy({
    origin,
    files,
    requests: new FileRequests(() => performance.now(), NO_EVENTS),
    events: listening('fault', ({ message }) => logged.push(message)),
  });
  const url = await listen((request, response) => {
    void proxy.serve(request.url ?? '', request, response);
  });
  return { url: url + PATH, logged };
}

it('serves a range of a file, with only the headers that players need', async () => {
  const { url } = await proxyTo((request, response) => {
    expect(request.url).toBe(PATH);
    expect(request.headers).toMatchObject({ range: 'bytes=1-2', 'if-range': '"a"' });
    expect(request.headers).not.toHaveProperty('cookie');
    expect(request.headers).not.toHaveProperty('authorization');
    response.writeHead(206, {
      'content-type': 'video/mp4',
      'content-range': 'bytes 1-2/4',
      etag: '"a"',
      'set-cookie': 'a=b',
      server: 'upstream',
    });
    response.end('bc');
  });
  const headers = { range: 'bytes=1-2', 'if-range': '"a"', cookie: 'a=b', authorization: 'Bearer x' };
  const answer = await fetch(url, { headers });
  expect([answer.status, await answer.text()]).toEqual([206, 'bc']);
  expect(answer.headers.get('content-range')).toBe('bytes 1-2/4');
  expect(answer.headers.get('etag')).toBe('"a"');
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  for (const name of ['set-cookie', 'server']) expect(answer.headers.has(name)).toBe(false);
});

it.each([
  ['a page', 200, 'text/html', 502],
  ['a drawing, which may hold a script', 200, 'image/svg+xml', 502],
  ['a redirect', 302, 'video/mp4', 502],
  ['an error', 500, 'application/json', 502],
  ['no file', 404, 'application/json', 404],
  ['no such part', 416, 'application/json', 416],
])('%s from the upstream is not served', async (_, status, type, shown) => {
  const { url } = await proxyTo((_request, response) => {
    response.writeHead(status, { 'content-type': type, location: '/videos/2.mp4' });
    response.end('<script>');
  });
  const answer = await fetch(url, { redirect: 'manual' });
  expect(answer.status).toBe(shown);
  expect(answer.headers.get('content-type')).toContain('application/json');
  expect(await answer.text()).not.toContain('<script>');
});

it('an upstream that does not answer leads to 502 in time, and is logged', async () => {
  const { url, logged } = await proxyTo(() => {}, 50);
  expect((await fetch(url)).status).toBe(502);
  expect(logged).toEqual(['a file of the upstream could not be fetched']);
});

it('an answer is aborted when the upstream stops in the middle', async () => {
  const { url } = await proxyTo((_, response) => {
    response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': '9' }).write('abc');
  }, 50);
  await expect(fetch(url).then((answer) => answer.text())).rejects.toThrow('terminated');
});

it('the request to the upstream ends when the client disconnects, and little is buffered for a client that does not read', async () => {
  const left = Promise.withResolvers<void>();
  let sent = 0;
  const { url } = await proxyTo((_, response) => {
    response.writeHead(200, { 'content-type': 'video/mp4' });
    const more = () => {
      for (let room = true; room && !response.destroyed; sent += 65_536)
        room = response.write(Buffer.alloc(65_536));
    };
    response.on('drain', more).on('close', left.resolve);
    more();
  });
  const reader = (await fetch(url)).body?.getReader();
  await reader?.read();
  // Wait until the buffers of the sockets are full.
  let before = -1;
  while (before !== sent) {
    before = sent;
    await delay(200);
  }
  expect(sent).toBeLessThan(64 * 1024 * 1024);
  await reader?.cancel();
  await left.promise;
});

it.each(['POST', 'DELETE'])('%s is not passed on', async (method) => {
  const { url } = await proxyTo(() => expect.unreachable());
  const answer = await fetch(url, { method });
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
});

it('pages of other origins may request ranges, and send headers of their own', async () => {
  const { url } = await proxyTo(() => expect.unreachable());
  const headers = { 'access-control-request-headers': 'authorization,range,traceparent' };
  const answer = await fetch(url, { method: 'OPTIONS', headers });
  expect(answer.status).toBe(204);
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  expect(answer.headers.get('access-control-allow-headers')).toBe('authorization,range,traceparent');
});

import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { expect, it } from 'vitest';
import { GatewayEvents } from '../../../src/events/gateway-events.ts';
import { collect } from '../../support/events.ts';
import { startGateway } from '../../support/gateway/gateway.ts';
import { exchange, graphql } from '../../support/gateway/http.ts';
import { SseClient } from '../../support/gateway/sse-client.ts';
import { WsClient } from '../../support/gateway/ws-client.ts';

it('each HTTP request is emitted with its route, whatever its path contains', async () => {
  const events = new GatewayEvents();
  await using gateway = await startGateway({ events });
  const requests = collect(events, 'request');
  const { url } = gateway;
  const paths = [
    '/healthz',
    '/nothing/here',
    '/media/vj_1/x.mp4',
    '/graphql/?query={__typename}',
    '/a?b=/graphql',
  ];
  for (const path of paths) await (await fetch(url + path)).text();
  await graphql(url, '{ __typename }');
  await expect.poll(() => requests.length).toBe(6);
  expect(requests.map(({ method, route, status }) => [method, route, status])).toEqual([
    ['GET', '/healthz', 200],
    ['GET', 'other', 404],
    ['GET', '/media', 404],
    ['GET', '/graphql', 200],
    ['GET', 'other', 404],
    ['POST', '/graphql', 200],
  ]);
  for (const { bytes, durationMs } of requests) expect([bytes > 100, durationMs >= 0]).toEqual([true, true]);
});

it('the bytes of a connection count once, also when its requests are sent together', async () => {
  const events = new GatewayEvents();
  await using gateway = await startGateway({ events });
  const requests = collect(events, 'request');
  const head = 'Host: localhost\r\n';
  const answers = await exchange(
    gateway.port,
    `GET /healthz HTTP/1.1\r\n${head}\r\nGET /nothing HTTP/1.1\r\n${head}Connection: close\r\n\r\n`,
  );
  expect(requests.map(({ route }) => route)).toEqual(['/healthz', 'other']);
  expect(requests.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(answers.length);
});

it('a request whose client leaves is emitted once, without a status if it had no answer', async () => {
  const events = new GatewayEvents();
  await using gateway = await startGateway({ events });
  const requests = collect(events, 'request');
  const request = httpRequest(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': '1000', expect: '100-continue' },
  });
  request.on('error', () => {});
  request.flushHeaders();
  await once(request, 'continue');
  expect(requests).toEqual([]);
  request.destroy();
  await expect.poll(() => requests).toMatchObject([{ method: 'POST', route: '/graphql', status: null }]);
  {
    using stream = await SseClient.open(gateway.url, 'subscription { videoJobsUpdated { id } }');
    expect(stream.response.statusCode).toBe(200);
  }
  await expect.poll(() => requests[1]).toMatchObject({ route: '/graphql', status: 200 });
});

it('a WebSocket is emitted when it opens and when it closes, with the number of open ones', async () => {
  const events = new GatewayEvents();
  await using gateway = await startGateway({ events });
  const opened = collect(events, 'socket:open');
  const closed = collect(events, 'socket:close');
  using first = await WsClient.connect(gateway.url);
  using second = await WsClient.connect(gateway.url);
  expect(opened).toEqual([
    { code: null, open: 1 },
    { code: null, open: 2 },
  ]);
  first.socket.close(4999);
  second.send({ type: 'connection_init' });
  await expect.poll(() => closed.length).toBe(2);
  expect(new Set(closed.map(({ code }) => code))).toEqual(new Set([1006, 4429]));
  expect(closed.map(({ open }) => open)).toEqual([1, 0]);
});

it('a refused WebSocket is emitted: as a request without an upgrade, as closed when the page may see why', async () => {
  const events = new GatewayEvents();
  await using gateway = await startGateway({ events });
  const requests = collect(events, 'request');
  const closed = collect(events, 'socket:close');
  const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
  for (const [path, host] of [
    ['/nothing', 'localhost'],
    ['/graphql', 'local host'],
    ['/graphql', 'localhost'],
  ]) {
    await exchange(gateway.port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${upgrade}\r\n`);
  }
  expect(requests).toMatchObject([
    { method: 'GET', route: 'other', status: 404 },
    { method: 'GET', route: '/graphql', status: 400 },
    { method: 'GET', route: '/graphql', status: 400 },
  ]);
  using foreign = await WsClient.open(gateway.url, undefined, {
    headers: { origin: 'https://evil.example' },
  });
  await foreign.closed;
  expect(closed).toEqual([{ code: 1008, open: 0 }]);
});

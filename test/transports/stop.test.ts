import { connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { graphql, http } from '../support/gateway/http.ts';
import { JobMover } from '../support/gateway/job-mover.ts';
import { SseClient } from '../support/gateway/sse-client.ts';
import { WsClient } from '../support/gateway/ws-client.ts';
import { overrideStore } from '../support/override-store.ts';
import { until } from '../support/until.ts';

const WATCH = 'subscription ($id: ID!) { videoJobUpdated(id: $id) { version } }';

/** A gateway whose store does not answer `list` until `release` is called. */
async function holding(): Promise<{ gateway: Gateway; asked: Promise<void>; release: () => void }> {
  const asked = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const gateway = await startGateway({
    wrapStore: (store) =>
      overrideStore(store, {
        list: async (query) => {
          asked.resolve();
          await released.promise;
          return store.list(query);
        },
      }),
  });
  return { gateway, asked: asked.promise, release: released.resolve };
}

it('sockets are closed with 1012, without a complete message', async () => {
  await using gateway = await startGateway();
  const { id } = await new JobMover(gateway).accept();
  using client = await WsClient.connect(gateway.url);
  client.subscribe('1', WATCH, { id });
  await client.result('1');
  await gateway.stop();
  expect((await client.closed).code).toBe(1012);
  expect(client.pending).toEqual([]);
  await until(() => [gateway.store.listenerCount, gateway.webSockets.size], [0, 0]);
});

it.each([
  ['text/event-stream', 'POST'],
  ['text/event-stream', 'GET'],
  ['*/*', 'POST'],
] as const)('streams by %s and %s are cut at once, not ended', async (accept, method) => {
  await using gateway = await startGateway();
  const { id } = await new JobMover(gateway).accept();
  using stream = await SseClient.open(gateway.url, WATCH, { accept, method, variables: { id } });
  await stream.result();
  const start = performance.now();
  await gateway.stop();
  expect(performance.now() - start).toBeLessThan(2500);
  expect(await stream.closed).toBe('cut');
  await expect(stream.next()).rejects.toThrow('The stream ended.');
  await until(() => gateway.store.listenerCount, 0);
});

it('an answer in progress is completed', async () => {
  const { gateway, asked, release } = await holding();
  await using _ = gateway;
  const answer = graphql(gateway.url, '{ videoJobs { nodes { id } } }');
  await asked;
  const stopped = gateway.stop();
  release();
  expect(await answer).toEqual({ data: { videoJobs: { nodes: [] } } });
  await stopped;
});

it('an answer that takes too long is cut', async () => {
  const { gateway, asked, release } = await holding();
  await using _ = gateway;
  const answer = graphql(gateway.url, '{ videoJobs { nodes { id } } }');
  const failed = answer.then(
    () => 'answered',
    () => 'cut',
  );
  await asked;
  const start = performance.now();
  await gateway.stop();
  expect(performance.now() - start).toBeLessThan(6000);
  expect(await failed).toBe('cut');
  release();
});

it('/readyz is 503 as soon as it begins', async () => {
  const { gateway, asked, release } = await holding();
  await using _ = gateway;
  const socket = connect(gateway.port, '127.0.0.1');
  let received = '';
  socket.on('data', (data) => {
    received += data.toString();
  });
  socket.write('GET /graphql?query={videoJobs{nodes{id}}} HTTP/1.1\r\nHost: a\r\n\r\n');
  await asked;
  const stopped = gateway.stop();
  // On the open connection, because new ones are refused.
  await new Promise<void>((resolve) => {
    socket.write('GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n', () => resolve());
  });
  // The server reads the request in one of these turns.
  await setImmediate();
  await setImmediate();
  release();
  await stopped;
  await until(() => socket.closed, true);
  expect(received.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 503']);
});

it('new connections are refused', async () => {
  await using gateway = await startGateway();
  await gateway.stop();
  await expect(http(`${gateway.url}/healthz`)).rejects.toThrow('fetch failed');
  await expect(WsClient.open(gateway.url)).rejects.toThrow('ECONNREFUSED');
});

it('can be called twice, at the same time and afterwards', async () => {
  await using gateway = await startGateway();
  using client = await WsClient.connect(gateway.url);
  await Promise.all([gateway.stop(), gateway.stop()]);
  await gateway.stop();
  expect((await client.closed).code).toBe(1012);
});

it.concurrent.each([
  ['sends nothing', ''],
  ['has sent half a header', 'GET /graphql HTTP/1.1\r\nHost:'],
  [
    'has sent half a body',
    'POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
  ],
  ['was refused an upgrade and keeps its side open', upgrade('/other')],
  ['was refused an upgrade by the protocol and keeps its side open', upgrade('/graphql').replace('13', '7')],
  ['is a WebSocket that answers nothing', upgrade('/graphql')],
])('is not delayed by a client that %s', async (_, bytes) => {
  await using gateway = await startGateway();
  const socket = connect({ port: gateway.port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  await new Promise<void>((resolve) => {
    socket.write(bytes, () => resolve());
  });
  // By the time of this answer the server has handled the earlier messages.
  await http(`${gateway.url}/healthz`);
  const start = performance.now();
  await gateway.stop();
  expect(performance.now() - start).toBeLessThan(6000);
  socket.destroy();
});

it('leaves no timer and no socket behind', async () => {
  const before = resources();
  const gateway = await startGateway();
  const { id } = await new JobMover(gateway).accept();
  using client = await WsClient.connect(gateway.url);
  client.subscribe('1', WATCH, { id });
  await client.result('1');
  using stream = await SseClient.open(gateway.url, WATCH, { variables: { id } });
  await stream.result();
  await http(`${gateway.url}/readyz`, { headers: { connection: 'close' } });
  await gateway[Symbol.asyncDispose]();
  await Promise.all([client.closed, stream.closed]);
  await until(() => resources().filter((name) => !before.includes(name)), []);
  expect(gateway.log.errors).toEqual([]);
});

/** The types of the resources that keep the process alive. */
function resources(): string[] {
  return process.getActiveResourcesInfo().filter((name) => /TCP|Timeout|Immediate/.test(name));
}

function upgrade(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n`;
}

import { expect, it } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway/gateway.ts';
import { JobMover } from '../../support/gateway/job-mover.ts';
import { SseClient } from '../../support/gateway/sse-client.ts';
import { WsClient } from '../../support/gateway/ws-client.ts';
import { until } from '../../support/until.ts';

const WATCH_JOB = 'subscription ($id: ID!) { videoJobUpdated(id: $id) { version } }';
const WATCH_ALL = 'subscription { videoJobsUpdated { id } }';

const times = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index));

/** Half of the subscriptions watch one job, the others all jobs. Returns when those of one job have its current state. */
async function subscribeTo(client: WsClient, id: string, count: number): Promise<void> {
  const names = times(count, String);
  for (const name of names) {
    if (Number(name) % 2 === 0) client.subscribe(name, WATCH_JOB, { id });
    else client.subscribe(name, WATCH_ALL);
  }
  for (const name of names) if (Number(name) % 2 === 0) await client.next(name);
}

async function stillServes(gateway: Gateway, mover: JobMover, id: string): Promise<void> {
  using client = await WsClient.connect(gateway.url);
  client.subscribe('1', WATCH_JOB, { id });
  const { data } = await client.result<{ videoJobUpdated: { version: number } }>('1');
  await mover.move(id, { type: 'submit-started' });
  const next = await client.result<{ videoJobUpdated: { version: number } }>('1');
  expect([data?.videoJobUpdated.version, next.data?.videoJobUpdated.version]).toEqual([1, 2]);
}

it('1,000 subscribers that leave by complete leave nothing behind', async () => {
  await using gateway = await startGateway();
  const mover = new JobMover(gateway);
  const { id } = await mover.accept();
  const clients = await Promise.all(times(10, () => WsClient.connect(gateway.url)));
  for (const client of clients) await subscribeTo(client, id, 100);
  await until(() => gateway.store.listenerCount, 1000);
  for (const client of clients) for (const name of times(100, String)) client.complete(name);
  await until(() => gateway.store.listenerCount, 0);
  for (const client of clients) {
    await client.processed();
    expect(client.pending).toEqual([]);
    client.socket.terminate();
  }
  await stillServes(gateway, mover, id);
});

it('subscribers that leave before they are served leave nothing behind', async () => {
  await using gateway = await startGateway();
  const { id } = await new JobMover(gateway).accept();
  using client = await WsClient.connect(gateway.url);
  for (const name of times(200, String)) {
    client.subscribe(name, WATCH_JOB, { id });
    client.complete(name);
  }
  await client.processed();
  await until(() => gateway.store.listenerCount, 0);
  expect(gateway.log.errors).toEqual([]);
});

it('ids that are completed and reused at once leave nothing behind when the socket closes', async () => {
  await using gateway = await startGateway();
  const { id } = await new JobMover(gateway).accept();
  using client = await WsClient.connect(gateway.url);
  const subscribe = JSON.stringify({
    id: '1',
    type: 'subscribe',
    payload: { query: WATCH_JOB, variables: { id } },
  });
  const complete = JSON.stringify({ id: '1', type: 'complete' });
  // In one write, so that the server reads them in one chunk.
  Reflect.get(client.socket, '_socket').cork();
  for (let count = 0; count < 5; count++) {
    client.socket.send(subscribe);
    client.socket.send(complete);
  }
  client.socket.send(subscribe);
  Reflect.get(client.socket, '_socket').uncork();
  await client.next('1');
  await client.processed();
  client.socket.terminate();
  await until(() => gateway.store.listenerCount, 0);
  expect(gateway.log.errors).toEqual([]);
});

it('200 terminated sockets leave nothing behind', async () => {
  await using gateway = await startGateway();
  const mover = new JobMover(gateway);
  const { id } = await mover.accept();
  const clients = await Promise.all(times(200, () => WsClient.connect(gateway.url)));
  await Promise.all(clients.map((client) => subscribeTo(client, id, 2)));
  await until(() => gateway.store.listenerCount, 400);
  for (const client of clients) client.socket.terminate();
  await until(() => [gateway.store.listenerCount, gateway.webSockets.size], [0, 0]);
  await stillServes(gateway, mover, id);
  expect(gateway.log.errors).toEqual([]);
});

it('sockets that are terminated while events are sent leave nothing behind', async () => {
  await using gateway = await startGateway();
  const mover = new JobMover(gateway);
  const { id } = await mover.accept();
  const clients = await Promise.all(times(20, () => WsClient.connect(gateway.url)));
  for (const client of clients)
    client.subscribe('1', `subscription { videoJobUpdated(id: "${id}") { request { prompt } } }`);
  await until(() => gateway.store.listenerCount, 20);
  for (const client of clients) client.socket.pause();
  for (let count = 0; count < 10; count++) await mover.grow(id, 1024 * 1024);
  for (const client of clients) client.socket.terminate();
  for (let count = 0; count < 10; count++) await mover.grow(id, 1024 * 1024);
  await until(() => [gateway.store.listenerCount, gateway.webSockets.size], [0, 0]);
  expect(gateway.log.errors).toEqual([]);
});

it('200 aborted server-sent event streams leave nothing behind', async () => {
  await using gateway = await startGateway();
  const mover = new JobMover(gateway);
  const { id } = await mover.accept();
  const streams = await Promise.all(
    times(200, (index) =>
      index % 2 === 0
        ? SseClient.open(gateway.url, WATCH_JOB, { variables: { id } })
        : SseClient.open(gateway.url, WATCH_ALL, { method: 'GET' }),
    ),
  );
  await until(() => gateway.store.listenerCount, 200);
  for (const stream of streams) stream[Symbol.dispose]();
  await until(() => gateway.store.listenerCount, 0);
  await stillServes(gateway, mover, id);
  expect(gateway.log.errors).toEqual([]);
});

it.each(['application/json', 'multipart/mixed', 'image/png'])(
  'a subscription with Accept %s is refused and leaves nothing behind',
  async (accept) => {
    await using gateway = await startGateway();
    const { id } = await new JobMover(gateway).accept();
    using stream = await SseClient.open(gateway.url, WATCH_JOB, { accept, variables: { id } });
    expect(stream.response.statusCode).toBe(406);
    await until(() => gateway.store.listenerCount, 0);
  },
);

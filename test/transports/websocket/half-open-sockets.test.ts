import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Gateway, startGateway } from '../../support/gateway/gateway.ts';
import { JobMover } from '../../support/gateway/job-mover.ts';
import { WsClient } from '../../support/gateway/ws-client.ts';
import { until } from '../../support/until.ts';

const PING_MS = 30_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Advances the time to the next ping, and waits for its answer. */
async function pass(client: WsClient): Promise<void> {
  const pinged = new Promise((resolve) => {
    client.socket.once('ping', resolve);
  });
  vi.advanceTimersByTime(PING_MS);
  await pinged;
}

async function subscribed(gateway: Gateway, autoPong: boolean): Promise<WsClient> {
  const { id } = await new JobMover(gateway).accept();
  const client = await WsClient.connect(gateway.url, { autoPong });
  client.subscribe('1', 'subscription ($id: ID!) { videoJobUpdated(id: $id) { version } }', { id });
  await client.result('1');
  return client;
}

it('a socket that answers no ping is terminated with its subscriptions', async () => {
  await using gateway = await startGateway();
  using client = await subscribed(gateway, false);
  await pass(client);
  expect(gateway.webSockets.size).toBe(1);
  vi.advanceTimersByTime(PING_MS);
  expect((await client.closed).code).toBe(1006);
  await until(() => [gateway.store.listenerCount, gateway.webSockets.size], [0, 0]);
});

it('a socket that has stopped reading is terminated too', async () => {
  await using gateway = await startGateway();
  using client = await subscribed(gateway, true);
  client.socket.pause();
  vi.advanceTimersByTime(PING_MS);
  vi.advanceTimersByTime(PING_MS);
  await until(() => [gateway.store.listenerCount, gateway.webSockets.size], [0, 0]);
  expect(gateway.log.errors).toEqual([]);
});

it('a socket that answers pings stays open', async () => {
  await using gateway = await startGateway();
  using client = await subscribed(gateway, true);
  for (let count = 0; count < 5; count++) {
    await pass(client);
    await client.processed();
  }
  expect(gateway.webSockets.size).toBe(1);
});

import { expect, test } from 'vitest';
import { SubscriptionBarrier } from '../../../src/transports/websocket/socket-operation.ts';
import { startGateway } from '../../support/gateway/gateway.ts';
import { WsClient } from '../../support/gateway/ws-client.ts';
import { overrideStore } from '../../support/override-store.ts';

const WATCH_ALL = 'subscription { videoJobsUpdated { version } }';
const LIST = '{ videoJobs { nodes { id } } }';

test('a query is answered once the subscriptions that were sent before it on its socket are open', async () => {
  const events: string[] = [];
  const opening = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  await using gateway = await startGateway({
    wrapStore: (store) =>
      overrideStore(store, {
        subscribe: async (...args) => {
          asked.resolve();
          await opening.promise;
          const unwatch = await store.subscribe(...args);
          events.push('open');
          return unwatch;
        },
        list: (query) => {
          events.push('read');
          return store.list(query);
        },
      }),
  });
  using client = await WsClient.connect(gateway.url);
  client.subscribe('feed', WATCH_ALL);
  client.subscribe('list', LIST);
  await asked.promise;
  // The queries of another socket do not wait.
  using other = await WsClient.connect(gateway.url);
  other.subscribe('list', LIST);
  await other.result('list');
  // The query of the first socket was sent earlier, so it would have been answered by now.
  await client.processed();
  expect(events).toEqual(['read']);
  opening.resolve();
  await client.result('list');
  expect(events).toEqual(['read', 'open', 'read']);
});

test('a subscription that is refused or fails to open does not delay later queries', async () => {
  await using gateway = await startGateway();
  using client = await WsClient.connect(gateway.url);
  client.subscribe('syntax', '{');
  client.subscribe('unknown', 'subscription { videoJobUpdated(id: "vj_0") { version } }');
  client.subscribe('list', LIST);
  expect((await client.result('list')).data).toEqual({ videoJobs: { nodes: [] } });
});

test('a socket that always opens subscriptions keeps nothing of the earlier ones', async () => {
  const barrier = new SubscriptionBarrier();
  let last = barrier.enter(WATCH_ALL);
  for (let count = 0; count < 3; count += 1) {
    const next = barrier.enter(WATCH_ALL);
    last.opened();
    last = next;
  }
  const { before } = barrier.enter(LIST);
  last.opened();
  expect(await before).toBeUndefined();
});

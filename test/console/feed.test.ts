import { createClient } from 'graphql-ws';
import { expect, test, vi } from 'vitest';
import { createApolloClient } from '../../console/src/gateway/apollo.ts';
import type { ConnectionState } from '../../console/src/gateway/connection.ts';
import { readJob } from '../../console/src/gateway/job-cache.ts';
import { JobIdsDocument } from '../../console/src/jobs/documents.ts';
import { PAGE, Feed } from '../../console/src/jobs/feed.ts';
import { Store } from '../../console/src/ui/store.ts';
import { startGateway } from '../support/gateway/gateway.ts';
import { JobMover, WHOLE_LIFE } from '../support/gateway/job-mover.ts';
import { TcpProxy } from '../support/network/tcp-proxy.ts';
import { until } from '../support/until.ts';

/** The feed of a page that is connected to a real gateway. */
async function openFeed(port: number) {
  const state = new Store<ConnectionState>('connecting');
  const client = createClient({
    url: `ws://127.0.0.1:${port}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: Infinity,
    shouldRetry: () => true,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 20)),
    on: { connected: () => state.set('connected'), closed: () => state.set('reconnecting') },
  });
  const apollo = createApolloClient(client);
  const changes: string[] = [];
  const onConnected = (listener: () => void) => client.on('connected', () => setTimeout(listener));
  const feed = Feed.start(
    apollo,
    { client, state, refusal: new Store(''), onConnected, signIn: () => {} },
    (job, before) => changes.push(`${job.id} ${before ?? 'new'} ${job.status}`),
  );
  const page = () => apollo.readQuery({ query: JobIdsDocument })?.videoJobs;
  return {
    feed,
    changes,
    ids: () => page()?.nodes.map(({ id }) => id) ?? [],
    statusOf: (id: string) => readJob(apollo.cache, id)?.status,
    hasOlder: () => page()?.pageInfo.hasNextPage,
    [Symbol.asyncDispose]: async () => {
      feed.stop();
      await Promise.allSettled([client.dispose()]);
    },
  };
}

/** Creates jobs. @returns their ids, newest first */
async function accept(mover: JobMover, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let made = 0; made < count; made++) ids.unshift((await mover.accept()).id);
  return ids;
}

test('the list is loaded page by page, and new jobs are put before it', async () => {
  await using gateway = await startGateway();
  const mover = new JobMover(gateway);
  const old = await accept(mover, PAGE + 6);
  await using console = await openFeed(gateway.port);
  await until(console.ids, old.slice(0, PAGE));
  expect(console.hasOlder()).toBe(true);
  await until(() => gateway.store.listenerCount, 1);
  const added = await accept(mover, 2);
  await until(console.ids, [...added, ...old.slice(0, PAGE)]);

  await console.feed.loadOlder();
  expect(console.ids()).toEqual([...added, ...old]);
  expect(console.hasOlder()).toBe(false);
});

test.each([3, PAGE, 3 * PAGE, 120])(
  'after a reconnect no job is missing when %i were created meanwhile',
  async (count) => {
    await using gateway = await startGateway();
    await using proxy = await TcpProxy.start(gateway.port);
    const mover = new JobMover(gateway);
    const old = await accept(mover, PAGE + 6);
    await using console = await openFeed(proxy.port);
    await until(console.ids, old.slice(0, PAGE));
    proxy.cut();
    const added = await accept(mover, count);
    await until(() => console.ids().slice(0, count + PAGE), [...added, ...old.slice(0, PAGE)]);
    await console.feed.loadOlder();
    expect(console.ids()).toEqual([...added, ...old]);
  },
);

test('after a reconnect every job has its current state', async () => {
  await using gateway = await startGateway();
  await using proxy = await TcpProxy.start(gateway.port);
  const mover = new JobMover(gateway);
  const [waiting = '', ended = ''] = await accept(mover, 2);
  await using console = await openFeed(proxy.port);
  await until(() => console.statusOf(ended), 'QUEUED');
  proxy.cut();
  await mover.move(ended, ...WHOLE_LIFE);
  // The newest page is full of other jobs and does not contain this one.
  await accept(mover, PAGE + 1);
  await until(() => console.statusOf(ended), 'COMPLETED');
  await vi.waitFor(() => expect(gateway.store.listenerCount).toBe(1));
  await mover.move(waiting, ...WHOLE_LIFE);
  await until(() => console.statusOf(waiting), 'COMPLETED');
  expect(console.changes.at(-1)).toMatch(new RegExp(`^${waiting} \\w+ COMPLETED$`));
});

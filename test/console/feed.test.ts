import { ApolloLink } from '@apollo/client';
import { createClient } from 'graphql-ws';
import { Subject } from 'rxjs';
import { describe, expect, test, vi } from 'vitest';
import { createApolloClient } from '../../console/src/gateway/apollo.ts';
import type { ConnectionState } from '../../console/src/gateway/connection.ts';
import { readJob } from '../../console/src/gateway/job-cache.ts';
import { JobIdsDocument } from '../../console/src/jobs/documents.ts';
import { PAGE, Feed } from '../../console/src/jobs/feed.ts';
import { Store } from '../../console/src/ui/store.ts';
import type { Job } from '../../src/domain/job/job.ts';
import { type Gateway, startGateway } from '../support/gateway/gateway.ts';
import { JobMover, WHOLE_LIFE } from '../support/gateway/job-mover.ts';
import { TcpProxy } from '../support/network/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { consoleJob } from './console-job.ts';

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
  const deletions: string[] = [];
  const onConnected = (listener: () => void) => client.on('connected', () => setTimeout(listener));
  const feed = Feed.start(
    apollo,
    { client, state, refusal: new Store(''), onConnected, signIn: () => {} },
    (job, before) => changes.push(`${job.id} ${before ?? 'new'} ${job.status}`),
    (job) => deletions.push(`${job.id} ${job.status}`),
  );
  const page = () => apollo.readQuery({ query: JobIdsDocument })?.videoJobs;
  return {
    feed,
    changes,
    deletions,
    ids: () => page()?.nodes.map(({ id }) => id) ?? [],
    statusOf: (id: string) => readJob(apollo.cache, id)?.status,
    hasOlder: () => page()?.pageInfo.hasNextPage,
    [Symbol.asyncDispose]: async () => {
      feed.stop();
      await Promise.allSettled([client.dispose()]);
    },
  };
}

/** A connected feed whose responses are sent by the test. */
function openFeedOf() {
  const responses = new Map<string | undefined, Subject<ApolloLink.Result>>();
  const link = new ApolloLink(({ operationName }) => {
    const subject = new Subject<ApolloLink.Result>();
    responses.set(operationName, subject);
    return subject;
  });
  const client = createClient({ url: 'ws://127.0.0.1:1', webSocketImpl: WebSocket });
  const apollo = createApolloClient(client);
  apollo.setLink(link);
  const state = new Store<ConnectionState>('connected');
  const connection = { client, state, refusal: new Store(''), onConnected: () => () => {}, signIn: () => {} };
  const feed = Feed.start(apollo, connection, () => {});
  return {
    ids: () => apollo.readQuery({ query: JobIdsDocument })?.videoJobs.nodes.map(({ id }) => id) ?? [],
    answer: (operation: string, data: Record<string, unknown>) => {
      responses.get(operation)?.next({ data });
      if (operation === 'VideoJobs') responses.get(operation)?.complete();
    },
    [Symbol.dispose]: () => feed.stop(),
  };
}

/** Creates jobs. @returns their ids, newest first */
async function accept(mover: JobMover, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let made = 0; made < count; made++) ids.unshift((await mover.accept()).id);
  return ids;
}

/** Creates jobs that have ended, newest first. @returns their ids, and what deletes some as `deleteVideoJob` does */
async function acceptEnded({ store }: Gateway, mover: JobMover, count: number) {
  const jobs = new Map<string, Job>();
  const ids = await accept(mover, count);
  for (const id of ids) jobs.set(id, await mover.move(id, ...WHOLE_LIFE));
  const remove = async (gone: readonly string[]) => {
    await Promise.all(
      [...jobs.values()].filter(({ id }) => gone.includes(id)).map((job) => store.remove(job)),
    );
  };
  return { ids, remove };
}

test('the list is loaded page by page, and new jobs are put before it', async () => {
  await using gateway = await startGateway();
  const mover = new JobMover(gateway);
  const old = await accept(mover, PAGE + 6);
  await using console = await openFeed(gateway.port);
  await until(console.ids, old.slice(0, PAGE));
  expect(console.hasOlder()).toBe(true);
  await until(() => gateway.store.listenerCount, 2);
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
  await vi.waitFor(() => expect(gateway.store.listenerCount).toBe(2));
  await mover.move(waiting, ...WHOLE_LIFE);
  await until(() => console.statusOf(waiting), 'COMPLETED');
  expect(console.changes.at(-1)).toMatch(new RegExp(`^${waiting} \\w+ COMPLETED$`));
});

describe('a deleted job', () => {
  test('is removed from the list and reported once; the other jobs stay', async () => {
    await using gateway = await startGateway();
    const { ids, remove } = await acceptEnded(gateway, new JobMover(gateway), PAGE + 6);
    await using console = await openFeed(gateway.port);
    await until(console.ids, ids.slice(0, PAGE));
    const gone = [ids[3] ?? '', ids[PAGE - 1] ?? ''];
    const unloaded = ids.at(-2) ?? '';
    await remove([...gone, unloaded]);
    await until(() => console.feed.deleted.get().size, 3);
    expect(console.ids()).toEqual(ids.slice(0, PAGE).filter((id) => !gone.includes(id)));
    expect(console.deletions).toEqual(gone.map((id) => `${id} COMPLETED`));
    expect(console.statusOf(gone[0] ?? '')).toBeUndefined();

    await console.feed.loadOlder();
    expect(console.ids()).toEqual(ids.filter((id) => ![...gone, unloaded].includes(id)));
    expect(console.hasOlder()).toBe(false);
  });

  test.each([3, PAGE + 20, 120])(
    'is removed after a reconnect, when it was deleted meanwhile and %i jobs were created',
    async (count) => {
      await using gateway = await startGateway();
      await using proxy = await TcpProxy.start(gateway.port);
      const mover = new JobMover(gateway);
      const { ids, remove } = await acceptEnded(gateway, mover, 2 * PAGE + 6);
      await using console = await openFeed(proxy.port);
      await until(console.ids, ids.slice(0, PAGE));
      await console.feed.loadOlder();
      // The oldest job of the list is among them.
      const gone = [
        ...ids.slice(0, 1),
        ...ids.slice(PAGE - 2, PAGE + 2),
        ...ids.slice(2 * PAGE - 3, 2 * PAGE),
      ];
      const left = ids.filter((id) => !gone.includes(id));
      proxy.freezeLinks();
      await remove(gone);
      const added = await accept(mover, count);
      proxy.cut();
      await until(() => console.feed.deleted.get().size, gone.length);
      await console.feed.loadOlder();
      expect(console.ids()).toEqual([...added, ...left]);
      expect(console.deletions).toEqual([]);
      expect(console.hasOlder()).toBe(false);
    },
  );

  test('makes room for the next page when no job of the list is left', async () => {
    await using gateway = await startGateway();
    const { ids, remove } = await acceptEnded(gateway, new JobMover(gateway), PAGE + 6);
    await using console = await openFeed(gateway.port);
    await until(console.ids, ids.slice(0, PAGE));
    await remove(ids.slice(0, PAGE));
    await until(console.ids, ids.slice(PAGE));
    expect(console.hasOlder()).toBe(false);
  });

  test('does not come back with a list or an update that arrive after its deletion', async () => {
    using console = openFeedOf();
    const [job, other] = [consoleJob({ isTerminal: true }), consoleJob({ id: 'vj_2' })];
    console.answer('VideoJobsDeleted', { videoJobsDeleted: job.id });
    const pageInfo = { __typename: 'PageInfo', hasNextPage: false, endCursor: null };
    console.answer('VideoJobs', {
      videoJobs: { __typename: 'VideoJobConnection', nodes: [other, job], pageInfo },
    });
    await until(console.ids, [other.id]);
    console.answer('VideoJobsUpdated', { videoJobsUpdated: job });
    expect(console.ids()).toEqual([other.id]);
  });
});

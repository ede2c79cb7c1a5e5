import { createReelgate } from '@reelgate/client';
import { describe, expect, test, vi } from 'vitest';
import { createJobList } from '../../../packages/client/src/job-list/job-list.ts';
import type { Job } from '../../../src/domain/job/job.ts';
import { type Gateway, startGateway } from '../../support/gateway/gateway.ts';
import { JobMover, WHOLE_LIFE } from '../../support/gateway/job-mover.ts';
import { TcpProxy } from '../../support/network/tcp-proxy.ts';
import { until } from '../../support/until.ts';

const PAGE = 24;

/** A list that is shown, connected to a real gateway. */
function openList(port: number) {
  const client = createReelgate({ url: `http://127.0.0.1:${port}/graphql` });
  const list = createJobList(client, null, PAGE);
  const updates: string[] = [];
  const deletions: string[] = [];
  list.onUpdate = (job, before) => updates.push(`${job.id} ${before?.status ?? 'new'} ${job.status}`);
  list.onDelete = (job) => deletions.push(`${job.id} ${job.status}`);
  const close = list.subscribe(() => {});
  return {
    updates,
    deletions,
    ids: () => list.get().jobs.map(({ id }) => id),
    statusOf: (id: string) => list.get().jobs.find((job) => job.id === id)?.status,
    hasMore: () => list.get().hasMore,
    loadMore: () => list.loadMore(),
    [Symbol.dispose]: () => {
      close();
      client.close();
    },
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
  using list = openList(gateway.port);
  await until(list.ids, old.slice(0, PAGE));
  expect(list.hasMore()).toBe(true);
  await until(() => gateway.store.listenerCount, 2);
  const added = await accept(mover, 2);
  await until(list.ids, [...added, ...old.slice(0, PAGE)]);

  await list.loadMore();
  expect(list.ids()).toEqual([...added, ...old]);
  expect(list.hasMore()).toBe(false);
});

test('a list that is not shown any more holds no subscription', async () => {
  await using gateway = await startGateway();
  {
    using list = openList(gateway.port);
    await until(list.hasMore, false);
    await until(() => gateway.store.listenerCount, 2);
  }
  await expect.poll(() => gateway.store.listenerCount).toBe(0);
});

test.each([3, PAGE, 3 * PAGE, 120])(
  'after a reconnect no job is missing when %i were created meanwhile',
  async (count) => {
    await using gateway = await startGateway();
    await using proxy = await TcpProxy.start(gateway.port);
    const mover = new JobMover(gateway);
    const old = await accept(mover, PAGE + 6);
    using list = openList(proxy.port);
    await until(list.ids, old.slice(0, PAGE));
    proxy.cut();
    const added = await accept(mover, count);
    await until(() => list.ids().slice(0, count + PAGE), [...added, ...old.slice(0, PAGE)]);
    await list.loadMore();
    expect(list.ids()).toEqual([...added, ...old]);
  },
);

test('after a reconnect every job has its current state', async () => {
  await using gateway = await startGateway();
  await using proxy = await TcpProxy.start(gateway.port);
  const mover = new JobMover(gateway);
  const [waiting = '', ended = ''] = await accept(mover, 2);
  using list = openList(proxy.port);
  await until(() => list.statusOf(ended), 'QUEUED');
  proxy.cut();
  await mover.move(ended, ...WHOLE_LIFE);
  // The newest page is full of other jobs and does not contain this one.
  await accept(mover, PAGE + 1);
  await until(() => list.statusOf(ended), 'COMPLETED');
  await vi.waitFor(() => expect(gateway.store.listenerCount).toBe(2));
  await mover.move(waiting, ...WHOLE_LIFE);
  await until(() => list.statusOf(waiting), 'COMPLETED');
  expect(list.updates.at(-1)).toMatch(new RegExp(`^${waiting} \\w+ COMPLETED$`));
});

describe('a deleted job', () => {
  test('is removed from the list and reported once; the other jobs stay', async () => {
    await using gateway = await startGateway();
    const { ids, remove } = await acceptEnded(gateway, new JobMover(gateway), PAGE + 6);
    using list = openList(gateway.port);
    await until(list.ids, ids.slice(0, PAGE));
    await until(() => gateway.store.listenerCount, 2);
    const gone = [ids[3] ?? '', ids[PAGE - 1] ?? ''];
    const unloaded = ids.at(-2) ?? '';
    await remove([...gone, unloaded]);
    await until(
      () => list.deletions,
      gone.map((id) => `${id} COMPLETED`),
    );
    expect(list.ids()).toEqual(ids.slice(0, PAGE).filter((id) => !gone.includes(id)));

    await list.loadMore();
    expect(list.ids()).toEqual(ids.filter((id) => ![...gone, unloaded].includes(id)));
    expect(list.hasMore()).toBe(false);
  });

  test.each([3, PAGE + 20, 120])(
    'is removed after a reconnect, when it was deleted meanwhile and %i jobs were created',
    async (count) => {
      await using gateway = await startGateway();
      await using proxy = await TcpProxy.start(gateway.port);
      const mover = new JobMover(gateway);
      const { ids, remove } = await acceptEnded(gateway, mover, 2 * PAGE + 6);
      using list = openList(proxy.port);
      await until(list.ids, ids.slice(0, PAGE));
      await list.loadMore();
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
      await until(() => list.ids().some((id) => gone.includes(id)), false);
      await list.loadMore();
      expect(list.ids()).toEqual([...added, ...left]);
      expect(list.deletions).toEqual([]);
      expect(list.hasMore()).toBe(false);
    },
  );

  test('makes room for the next page when no job of the list is left', async () => {
    await using gateway = await startGateway();
    const { ids, remove } = await acceptEnded(gateway, new JobMover(gateway), PAGE + 6);
    using list = openList(gateway.port);
    await until(list.ids, ids.slice(0, PAGE));
    await until(() => gateway.store.listenerCount, 2);
    await remove(ids.slice(0, PAGE));
    await until(list.ids, ids.slice(PAGE));
    expect(list.hasMore()).toBe(false);
  });
});

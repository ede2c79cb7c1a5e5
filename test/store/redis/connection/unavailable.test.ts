import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SharedDurations } from '../../../../src/store/durations.ts';
import { StoreUnavailableError } from '../../../../src/store/job-store.ts';
import { keys } from '../../../../src/store/redis/keys.ts';
import type { RedisJobStore } from '../../../../src/store/redis/redis-job-store.ts';
import { RedisSharedText } from '../../../../src/store/redis/redis-shared-text.ts';
import { RedisSubmissions } from '../../../../src/store/redis/redis-submissions.ts';
import { leaseAll, createAndLease } from '../../../contract/job-store-cases/opened-store.ts';
import { keyedJob, nextVersion, record } from '../../../support/jobs.ts';
import { Recorder } from '../../../support/recorder.ts';
import { RedisServer } from '../../../support/redis/redis-server.ts';
import { freshJob, openRedis } from '../open-redis.ts';

describe('an unavailable Redis', () => {
  let resources: AsyncDisposableStack;
  let server: RedisServer;
  beforeEach(async () => {
    resources = new AsyncDisposableStack();
    server = resources.use(await RedisServer.start({ appendOnly: true }));
  });
  afterEach(() => resources.disposeAsync());

  it.each([
    ['killed', (redis: RedisServer) => redis.kill(), (redis: RedisServer) => redis.restart(), 4000],
    [
      'standing still',
      async (redis: RedisServer) => redis.freeze(),
      async (redis: RedisServer) => redis.thaw(),
      5500,
    ],
  ] as const)(
    'fails every call soon and in one way when it is %s, and serves again when it is back',
    async (_, leave, comeBack, withinMs) => {
      using printed = vi.spyOn(console, 'error');
      const store = resources.use(await openRedis([server.url]));
      const text = new RedisSharedText(store.client, keys.budget);
      const leased = await createAndLease(store, freshJob());
      const recorder = new Recorder();
      await store.subscribe({ type: 'job', jobId: leased.job.id }, recorder.listener);
      await leave(server);
      const calls = callsOf(store, text, leased);
      const began = performance.now();
      const outcomes = await Promise.all(
        Object.entries(calls).map(async ([name, call]) => {
          const error: unknown = await call().then(
            () => 'resolved',
            (reason: unknown) => reason,
          );
          return { name, error, soon: performance.now() - began < withinMs };
        }),
      );
      expect(outcomes).toEqual(
        Object.keys(calls).map((name) => ({ name, error: expect.any(StoreUnavailableError), soon: true })),
      );
      await comeBack(server);
      const next = nextVersion(leased.job);
      await expect.poll(() => store.nextDueAt().catch(() => 0)).toBeGreaterThan(0);
      expect(await store.save(leased.leaseId, { job: next, schedule: null })).toBe('saved');
      await recorder.received(1);
      await vi.waitFor(() => expect(recorder.jobs.at(-1)).toEqual(next));
      const unsubscribe = await store.subscribe({ type: 'owner', ownerId: 'ada' }, () => {});
      unsubscribe();
      expect(await text.replace(await text.read(), 'next')).toBe(true);
      expect(printed).not.toHaveBeenCalled();
    },
  );

  it('fails running commands as soon as the connection breaks', async () => {
    const store = resources.use(await openRedis([server.url]));
    server.freeze();
    const asked = store.nextDueAt();
    const began = performance.now();
    await Promise.all([server.kill(), expect(asked).rejects.toThrow(StoreUnavailableError)]);
    expect(performance.now() - began).toBeLessThan(1000);
  });

  it('lets a store close at once', async () => {
    const store = resources.use(await openRedis([server.url]));
    await store.subscribe({ type: 'work' }, () => {});
    await server.kill();
    await expect(store.nextDueAt()).rejects.toThrow(StoreUnavailableError);
    const began = performance.now();
    await store[Symbol.asyncDispose]();
    expect(performance.now() - began).toBeLessThan(1000);
  });

  it('fails an open, which can be tried again', async () => {
    await server.kill();
    const began = performance.now();
    await expect(openRedis([server.url])).rejects.toThrow(StoreUnavailableError);
    expect(performance.now() - began).toBeLessThan(2000);
    await server.restart();
    await using store = await openRedis([server.url]);
    expect(await store.nextDueAt()).toBeNull();
  });
});

const A_SECOND = { group: 'run', moments: { mean: Math.log(1000), square: Math.log(1000) ** 2 } };

function callsOf(
  store: RedisJobStore,
  text: RedisSharedText,
  leased: Awaited<ReturnType<typeof createAndLease>>,
): Record<string, () => Promise<unknown>> {
  const submissions = new RedisSubmissions(store.client, store.quarantine);
  const bounds = { phases: null, olderThan: null, newerThan: null, ascending: false, limit: 1 };
  return {
    create: () => store.create(record(freshJob())),
    createWithKey: () => store.create(record(keyedJob('k'), { idempotencyKey: 'k' })),
    getMany: () => store.getMany([leased.job.id]),
    getVideoData: () => store.getVideoData(leased.job.id),
    list: () => store.list({ ownerId: 'ada', ...bounds }),
    leaseDue: () => leaseAll(store, Date.now()),
    findWaiting: () => store.findWaiting(Date.now(), 1),
    save: () => store.save('lost', { job: { ...leased.job, version: 9 }, schedule: null }),
    release: () =>
      store.release({ ...leased, leaseId: 'lost' }, { runAt: 0, failureCount: 0, lastPolledAt: null }),
    nextDueAt: () => store.nextDueAt(),
    health: () => store.health(),
    watch: () => store.subscribe({ type: 'owner', ownerId: 'bob' }, () => {}),
    readText: () => text.read(),
    replaceText: () => text.replace('another', 'next'),
    beginPost: () => submissions.begin('print', leased.job.id),
    endPost: () => submissions.end('print', leased.job.id, 'up-1'),
    adopt: () => submissions.adopt('print', leased.job.id, 'up-1'),
    readDurations: () => new SharedDurations(new RedisSharedText(store.client, keys.durations)).read(),
    addDuration: () => new SharedDurations(new RedisSharedText(store.client, keys.durations)).add([A_SECOND]),
  };
}

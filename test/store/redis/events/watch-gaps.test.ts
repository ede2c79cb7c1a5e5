import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '../../../../src/domain/job/job.ts';
import { StoreUnavailableError } from '../../../../src/store/job-store.ts';
import type { RedisJobStore } from '../../../../src/store/redis/redis-job-store.ts';
import { leaseAll, createAndLease, present } from '../../../contract/job-store-cases/opened-store.ts';
import { listening } from '../../../support/events.ts';
import { completed, nextVersion, record } from '../../../support/jobs.ts';
import { TcpProxy } from '../../../support/network/tcp-proxy.ts';
import { Recorder } from '../../../support/recorder.ts';
import { RedisServer } from '../../../support/redis/redis-server.ts';
import { MINUTE } from '../../../support/times.ts';
import { until } from '../../../support/until.ts';
import { freshJob, openRedis } from '../open-redis.ts';

describe('a save during an outage of the subscriber connection is received afterwards', () => {
  const resources = new AsyncDisposableStack();
  let server: RedisServer;
  let proxy: TcpProxy;
  let watcher: RedisJobStore;
  let writer: RedisJobStore;
  const troubles: number[] = [];

  beforeAll(async () => {
    server = resources.use(await RedisServer.start({ appendOnly: true }));
    proxy = resources.use(await TcpProxy.start(server.port));
    writer = resources.use(await openRedis([server.url]));
    watcher = resources.use(
      await openRedis([proxy.url], {
        events: listening('store:connection', ({ connection, state }) => {
          if (connection === 'subscriber' && state === 'lost') troubles.push(performance.now());
        }),
      }),
    );
  });
  beforeEach(async () => {
    await server.run('FLUSHALL');
    troubles.length = 0;
  });
  afterAll(() => resources.disposeAsync());

  /** Subscribes to all topics, causes a failure, changes a job, creates another, and waits for the events. */
  async function tellsAll(breakIt: () => Promise<void> | void): Promise<void> {
    const first = freshJob();
    const leased = await createAndLease(writer, first);
    const [ofJob, ofOwner, work] = [new Recorder(), new Recorder(), new Recorder()];
    const unsubscribes = await Promise.all([
      watcher.subscribe({ type: 'job', jobId: first.id }, ofJob.listener),
      watcher.subscribe({ type: 'owner', ownerId: 'ada' }, ofOwner.listener),
      watcher.subscribe({ type: 'work' }, work.listener),
    ]);
    const before = nextVersion(first, { phase: 'submitting' });
    await writer.save(leased.leaseId, { job: before, schedule: null });
    await Promise.all([ofJob.received(1), ofOwner.received(1)]);

    await breakIt();
    const between = nextVersion(before, { phase: 'queued', updatedAt: Date.now() });
    const last = completed(between, Date.now());
    const second = freshJob();
    expect(await insist(() => writer.save(leased.leaseId, { job: between, schedule: null }))).toBe('saved');
    expect(await insist(() => writer.save(leased.leaseId, { job: last, schedule: null }))).toBe('saved');
    expect(await insist(() => writer.create(record(second)))).toEqual({ type: 'created' });

    await until(() => ofJob.jobs.at(-1), last);
    await until(() => newest(ofOwner.jobs), { [first.id]: last.version, [second.id]: 1 });
    await until(() => work.jobs.at(-1), second);
    expect(ofJob.versions).toEqual(ofJob.versions.toSorted((x, y) => x - y));
    for (const unsubscribe of unsubscribes) unsubscribe();
    expect(watcher.listenerCount).toBe(0);
  }

  it('when only messages are lost', async () => {
    await tellsAll(async () => {
      await server.run('CLIENT', 'KILL', 'TYPE', 'pubsub');
    });
    expect(troubles).toHaveLength(1);
  });

  it('when all clients are disconnected', async () => {
    await tellsAll(() => server.clientKill());
    expect(troubles.length).toBeGreaterThan(0);
  });

  it('when Redis is killed and restarts', async () => {
    await tellsAll(async () => {
      await server.kill();
      await expect(writer.nextDueAt()).rejects.toThrow(StoreUnavailableError);
      await server.restart();
    });
  });

  it('when Redis freezes for two seconds', async () => {
    await tellsAll(async () => {
      server.freeze();
      const asked = writer.nextDueAt();
      // Half of the timeout of a connection, which leaves room on a busy machine.
      await sleep(2000);
      server.thaw();
      expect(await asked).toEqual(expect.any(Number));
    });
    expect(troubles).toEqual([]);
  });

  it('when the connection is half open, which is noticed after four seconds', async () => {
    const brokenAt = performance.now();
    await tellsAll(() => proxy.freezeLinks());
    expect(troubles.length).toBeGreaterThan(0);
    // The margin is for a busy machine.
    expect((troubles[0] ?? Infinity) - brokenAt).toBeLessThan(8000);
  });

  it('when a message is not an event', async () => {
    const job = freshJob();
    await writer.create(record(job));
    const recorder = new Recorder();
    const unsubscribe = await watcher.subscribe({ type: 'job', jobId: job.id }, recorder.listener);
    const [channel = ''] = await server.list('PUBSUB', 'CHANNELS', `*${job.id}`);
    for (const text of ['', 'nonsense', 'null', '[]', '{"id":1}']) await server.run('PUBLISH', channel, text);
    await until(() => recorder.jobs.at(-1), job);
    unsubscribe();
    expect(troubles).toEqual([]);
  });

  it('when a write is stored, its answer is lost, and the write is repeated', async () => {
    const leased = await createAndLease(writer, freshJob());
    const recorder = new Recorder();
    const unsubscribe = await writer.subscribe({ type: 'job', jobId: leased.job.id }, recorder.listener);
    const queued = nextVersion(leased.job, { phase: 'queued' });
    const change = {
      job: queued,
      schedule: { runAt: Date.now() + MINUTE, failureCount: 0, lastPolledAt: null },
    };
    proxy.dropAnswers();
    const lost = watcher.save(leased.leaseId, change);
    await recorder.received(1);
    proxy.cut();
    await expect(lost).rejects.toThrow(StoreUnavailableError);
    expect(await insist(() => watcher.save(leased.leaseId, change))).toBe('saved');
    expect(await leaseAll(writer, Date.now())).toEqual([]);
    expect(recorder.jobs).toEqual([queued]);
    unsubscribe();
  });

  it('and nothing remains of ended subscriptions or of a closed store', async () => {
    // A separate server, so that all counted clients belong to this store.
    await using alone = await RedisServer.start();
    await using closing = await openRedis([alone.url]);
    const topics = [
      { type: 'job', jobId: freshJob().id },
      { type: 'owner', ownerId: 'ada' },
      { type: 'work' },
    ] as const;
    const channels = async () =>
      (await alone.list('PUBSUB', 'CHANNELS')).filter((name) => !/beat/.test(name));
    const unsubscribes = await Promise.all(topics.map((topic) => closing.subscribe(topic, () => {})));
    expect(await channels()).toHaveLength(1 + 16 + 16);
    const [unsubscribe] = unsubscribes;
    present(unsubscribe)();
    present(unsubscribe)();
    for (const leave of unsubscribes) leave();
    expect(closing.listenerCount).toBe(0);
    await expect.poll(channels).toEqual([]);
    await closing.subscribe({ type: 'work' }, () => {});
    await closing[Symbol.asyncDispose]();
    await expect.poll(channels).toEqual([]);
    await expect
      .poll(async () =>
        Number(String(await alone.run('INFO', 'clients')).match(/connected_clients:(\d+)/)?.[1]),
      )
      .toBe(1);
  });
});

/** Repeats a write as a poller does. */
async function insist<T>(write: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + 10_000;
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || performance.now() > giveUpAt) throw error;
      await sleep(20);
    }
  }
}

/** The newest received version of each job. */
function newest(jobs: readonly Job[]): Record<string, number> {
  return Object.fromEntries(jobs.map(({ id, version }) => [id, version]));
}

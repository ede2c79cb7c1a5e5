import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '../../../src/domain/job/job.ts';
import { SharedDurations } from '../../../src/store/durations.ts';
import { StoreUnavailableError } from '../../../src/store/job-store.ts';
import { keys, SHARDS } from '../../../src/store/redis/keys.ts';
import type { RedisJobStore } from '../../../src/store/redis/redis-job-store.ts';
import { RedisSharedText } from '../../../src/store/redis/redis-shared-text.ts';
import {
  leaseAll,
  leaseUpTo,
  createAll,
  createAndLease,
  idsOf,
  present,
} from '../../contract/job-store-cases/opened-store.ts';
import { listening } from '../../support/events.ts';
import { completed, limits, nextVersion, record } from '../../support/jobs.ts';
import { HOUR, MINUTE, SECOND } from '../../support/times.ts';
import { freshJob, openRedis } from './open-redis.ts';
import { REDIS_KINDS } from './redis-kinds.ts';

const LIST = { ownerId: 'ada', phases: null, olderThan: null, newerThan: null, ascending: true, limit: 99 };
const DAMAGED = '7';
/** Whether a job is in the damaged shard. */
const isDamaged = ({ id }: Job) => id.endsWith(DAMAGED);

describe.each(REDIS_KINDS)('an unreadable record on %s', (_, start) => {
  const resources = new AsyncDisposableStack();
  const retentionMs = 2 * HOUR;
  let urls: readonly string[];
  let flush: () => Promise<unknown>;
  let store: RedisJobStore;
  let unreadable: string[];

  beforeAll(async () => {
    const redis = resources.use(await start());
    urls = redis.urls;
    flush = () => redis.flush();
  }, 60_000);
  beforeEach(async () => {
    await flush();
    unreadable = [];
    await store?.[Symbol.asyncDispose]();
    store = await openRedis(urls, {
      retentionMs,
      events: listening('store:unreadable', ({ id }) => unreadable.push(id)),
    });
  });
  afterAll(async () => {
    await store[Symbol.asyncDispose]();
    await resources.disposeAsync();
  });

  /** Jobs, two in each shard, the earlier ones due for longer. */
  const inAllShards = async (change: Partial<Job> = {}) => {
    const now = Date.now();
    const jobs = Array.from('00112233445566778899aabbccddeeff', (shard, index) => {
      const job = freshJob({ createdAt: now - 100 + index, ...change });
      return { ...job, id: job.id.slice(0, -1) + shard };
    });
    await createAll(store, jobs);
    return { jobs, damaged: jobs.filter(isDamaged), intact: jobs.filter((job) => !isDamaged(job)) };
  };

  /** Replaces a key by a text. */
  const damageKey = async (name: string) => {
    await store.client.set(name, 'spoiled');
  };

  it.each(['due', 'deadline'] as const)('is a %s set: all other shards continue', async (which) => {
    const { jobs, damaged, intact } = await inAllShards();
    await damageKey(keys[which](DAMAGED));
    const firstDue = await store.nextDueAt();
    expect(firstDue).toBe(jobs[0]?.createdAt);
    // Jobs of the damaged shard that would come first do not delay others.
    const choose = (due: readonly { readonly job: Job }[]) => {
      expect(due.map(({ job }) => job.id).filter((id) => id.endsWith(DAMAGED))).toEqual([]);
      return [];
    };
    await leaseUpTo(store, Date.now(), 99, { callLimit: 2, choose });
    // Waiting jobs are found without the deadline set.
    expect(idsOf(await store.findWaiting(Date.now(), 99)).toSorted()).toEqual(
      idsOf(which === 'due' ? intact : jobs).toSorted(),
    );
    const leases = [...(await leaseUpTo(store, Date.now(), 10)), ...(await leaseAll(store, Date.now()))];
    expect(idsOf(leases).toSorted()).toEqual(idsOf(intact).toSorted());
    expect(await store.list(LIST)).toHaveLength(jobs.length);
    const job = freshJob();
    const inDamaged = { ...job, id: job.id.slice(0, -1) + DAMAGED };
    await expect(store.create(record(inDamaged))).rejects.toThrow(StoreUnavailableError);
    expect(await store.getMany([inDamaged.id, present(damaged[0]).id])).toEqual([null, damaged[0]]);
    expect(unreadable).toEqual([keys[which](DAMAGED)]);
    expect(await store.health()).toEqual({ quarantined: 1 });
    await store.client.del(keys[which](DAMAGED));
    expect(await store.create(record(inDamaged))).toEqual({ type: 'created' });
    expect(await store.health()).toEqual({ quarantined: 0 });
    expect(unreadable).toHaveLength(1);
  });

  it('is a due set: jobs of other shards end by their deadline, however many are late in that one', async () => {
    const { intact } = await inAllShards({ deadlineAt: Date.now() });
    const late = Array.from({ length: 30 }, () => {
      const job = freshJob({ createdAt: Date.now() - MINUTE, deadlineAt: Date.now() - MINUTE });
      return { ...job, id: job.id.slice(0, -1) + DAMAGED };
    });
    await createAll(store, late);
    await damageKey(keys.due(DAMAGED));
    // The due time of the damaged shard does not wake the poller.
    expect(await store.nextDueAt()).toBe(present(intact[0]).createdAt);
    const leases = await leaseUpTo(store, Date.now() + SECOND, 20, { callLimit: 0 });
    expect(idsOf(leases).filter((id) => id.endsWith(DAMAGED))).toEqual([]);
    expect(leases).toHaveLength(20);
    expect(idsOf(leases).every((id) => idsOf(intact).includes(id))).toBe(true);
  });

  it('is a due set that was deleted: its jobs are due at their deadline', async () => {
    const deadlineAt = Date.now() + HOUR;
    const { jobs } = await inAllShards({ deadlineAt });
    await Promise.all(SHARDS.map((shard) => store.client.del(keys.due(shard))));
    expect(await store.nextDueAt()).toBe(deadlineAt);
    expect(await leaseAll(store, deadlineAt - 1)).toEqual([]);
    expect(idsOf(await leaseAll(store, deadlineAt)).toSorted()).toEqual(idsOf(jobs).toSorted());
    expect(await store.nextDueAt()).toBeGreaterThan(deadlineAt);
  });

  it('is a due set: a save there fails and stores nothing, but a final job is stored', async () => {
    const { damaged } = await inAllShards();
    await leaseAll(store, Date.now());
    await damageKey(keys.due(DAMAGED));
    const [first, second] = damaged.map(present);
    const queued = nextVersion(present(first), { phase: 'queued', upstreamId: 'up-1' });
    const change = { job: queued, schedule: { runAt: Date.now(), failureCount: 0, lastPolledAt: null } };
    await expect(store.save('any', change)).rejects.toThrow(StoreUnavailableError);
    expect(await store.getMany([queued.id])).toEqual([first]);
    const done = completed(present(second), Date.now());
    expect(await store.save('any', { job: done, schedule: null })).toBe('saved');
    expect(await store.getMany([done.id])).toEqual([done]);
    expect(unreadable).toEqual([keys.due(DAMAGED)]);
    await store.client.del(keys.due(DAMAGED));
    expect(await store.save('any', change)).toBe('saved');
    expect(idsOf(await leaseAll(store, Date.now()))).toEqual([queued.id]);
  });

  it("is one of an owner's sets: the other shards are listed", async () => {
    const { jobs, intact } = await inAllShards();
    const name = keys.owner(DAMAGED, 'ada');
    await damageKey(name);
    expect(idsOf(await store.list(LIST))).toEqual(idsOf(intact.toSorted((a, b) => (a.id < b.id ? -1 : 1))));
    expect(await store.list({ ...LIST, ascending: false, limit: 3 })).toHaveLength(3);
    expect(unreadable).toEqual([name]);
    expect(await store.health()).toEqual({ quarantined: 1 });
    expect(await leaseAll(store, Date.now())).toHaveLength(jobs.length);
  });

  it("is one of an owner's sets by status: jobs are created, saved and removed, and the other shards are listed", async () => {
    const { damaged, intact } = await inAllShards();
    const names = ['QUEUED', 'COMPLETED'] as const;
    for (const status of names) await damageKey(keys.status(DAMAGED, 'ada', status));
    const job = freshJob();
    const inDamaged = { ...job, id: job.id.slice(0, -1) + DAMAGED };
    expect(await store.create(record(inDamaged))).toEqual({ type: 'created' });
    const done = [present(damaged[0]), present(intact[0])].map((one) => completed(one, Date.now()));
    for (const one of done) expect(await store.save('', { job: one, schedule: null })).toBe('saved');
    expect(await store.list({ ...LIST, phases: ['completed'] })).toEqual([done[1]]);
    expect(idsOf(await store.list({ ...LIST, phases: ['accepted'] })).toSorted()).toEqual(
      idsOf(intact.slice(1)).toSorted(),
    );
    expect(await store.list(LIST)).toHaveLength(33);
    expect(unreadable.toSorted()).toEqual(
      names.map((status) => keys.status(DAMAGED, 'ada', status)).toSorted(),
    );
    expect(await store.health()).toEqual({ quarantined: 2 });
    expect(await store.remove(present(done[0]))).toBe('removed');
    for (const status of names) await store.client.del(keys.status(DAMAGED, 'ada', status));
    expect(await store.list({ ...LIST, phases: ['accepted'] })).toHaveLength(31);
    expect(await store.list({ ...LIST, phases: ['completed'] })).toEqual([done[1]]);
  });

  it('is a quarantine: its shard continues, and an unreadable record is still unscheduled', async () => {
    const { jobs, damaged } = await inAllShards();
    await damageKey(keys.quarantine(DAMAGED));
    const broken = present(damaged[0]);
    await store.client.hset(keys.job(broken.id), 'phase', 'no JSON');
    expect(await leaseAll(store, Date.now())).toHaveLength(jobs.length - 1);
    expect(await leaseAll(store, Date.now() + HOUR)).toHaveLength(jobs.length - 1);
    expect(unreadable).toEqual([broken.id]);
    expect(await store.health()).toEqual({ quarantined: 1 });
    expect(unreadable).toEqual([broken.id, keys.quarantine(DAMAGED)]);
  });

  it('is a video, the learned durations or the places of the limits: everything else continues', async () => {
    const within = { limits: limits({ unfinished: 5, unfinishedPerOwner: 5, perDay: 5, perDayPerOwner: 5 }) };
    const job = freshJob();
    await store.create(record(job, within));
    const leased = present((await leaseAll(store, Date.now()))[0]);
    for (const name of [keys.unfinished(null), keys.day('ada'), keys.durations]) await damageKey(name);
    const done = completed(job, Date.now());
    expect(await store.save(leased.leaseId, { job: done, schedule: null, videoData: 'QUJD' })).toBe('saved');
    await store.client.del(keys.video(job.id));
    await store.client.hset(keys.video(job.id), 'no', 'text');
    expect(await store.getVideoData(job.id)).toBeNull();
    expect(unreadable).toEqual([keys.video(job.id)]);
    const durations = new SharedDurations(new RedisSharedText(store.client, keys.durations));
    expect(await durations.read()).toEqual(new Map());
    await durations.add([{ group: 'run', moments: { mean: 2, square: 5 } }]);
    expect((await durations.read()).get('run')).toEqual({ weight: 1, sum: 2, squares: 5 });
  });

  it.each([
    ['deadlineAt', 'nan'],
    ['deadlineAt', '"soon"'],
    ['phase', '"pondering"'],
    ['ownerId', 'null'],
    ['version', '-nan'],
    ['request', ''],
  ])('is a job whose %s is %s: it is removed from the schedule and kept', async (field, value) => {
    const { jobs, damaged } = await inAllShards();
    const broken = present(damaged[0]);
    await store.client.hset(keys.job(broken.id), field, value);
    expect(await leaseAll(store, Date.now())).toHaveLength(jobs.length - 1);
    expect(unreadable).toEqual([broken.id]);
    expect(await store.client.zrange(keys.due(DAMAGED), 0, -1)).toEqual([present(damaged[1]).id]);
    expect(await store.client.zrange(keys.deadline(DAMAGED), 0, -1)).toEqual([present(damaged[1]).id]);
    expect(await store.client.hget(keys.job(broken.id), 'prompt')).toBeNull();
    expect(await store.client.hget(keys.job(broken.id), field)).toBe(value);
    const ttl = await store.client.pttl(keys.job(broken.id));
    expect(ttl).toBeGreaterThan(retentionMs - MINUTE);
    expect(ttl).toBeLessThanOrEqual(retentionMs);
    // The record counts until it expires, also in other instances.
    await using other = await openRedis(urls);
    expect(await other.health()).toEqual({ quarantined: 1 });
    await store.client.zadd(keys.quarantine(DAMAGED), Date.now() - 1, broken.id);
    expect(await other.health()).toEqual({ quarantined: 0 });
  });

  it('is a job with unreadable @-fields: they count as absent', async () => {
    const { jobs } = await inAllShards();
    for (const { id } of jobs) {
      await store.client.hset(keys.job(id), '@faults', 'many', '@seenAt', 'never', '@notes', '{"lastError":');
    }
    const leases = await leaseAll(store, Date.now());
    expect(leases).toHaveLength(jobs.length);
    for (const leased of leases)
      expect(leased).toMatchObject({ failureCount: 0, lastPolledAt: null, notes: {} });
    expect(unreadable).toEqual([]);
  });

  it('is a job that resumes when it is repaired as the key describes', async () => {
    const job = freshJob();
    await createAll(store, [job]);
    const { client } = store;
    await client.hset(keys.job(job.id), 'deadlineAt', 'x');
    expect(await store.getMany([job.id])).toEqual([null]);
    expect(await leaseAll(store, Date.now() + HOUR)).toEqual([]);
    const shard = job.id.slice(-1);
    await client.hset(keys.job(job.id), 'deadlineAt', job.deadlineAt);
    await client.persist(`rg:{${shard}}:job:${job.id}`);
    await client.zadd(`rg:{${shard}}:deadline`, job.deadlineAt, job.id);
    await client.zadd(`rg:{${shard}}:due`, 0, job.id);
    await client.zrem(`rg:{${shard}}:quarantine`, job.id);
    expect(await store.getMany([job.id])).toEqual([job]);
    expect(idsOf(await leaseAll(store, Date.now()))).toEqual([job.id]);
    expect(await store.health()).toEqual({ quarantined: 0 });
  });

  it('is a job that its poller saves: the save makes it readable again', async () => {
    const leased = await createAndLease(store, freshJob());
    const { id } = leased.job;
    await store.client.hset(keys.job(id), 'request', 'x');
    expect(await store.getMany([id])).toEqual([null]);
    expect(await store.health()).toEqual({ quarantined: 1 });
    const next = nextVersion(leased.job, { phase: 'queued', upstreamId: 'up-1' });
    const schedule = { runAt: Date.now(), failureCount: 0, lastPolledAt: null };
    expect(await store.save(leased.leaseId, { job: next, schedule })).toBe('saved');
    expect(await store.health()).toEqual({ quarantined: 0 });
    expect(await store.client.pttl(keys.job(id))).toBe(-1);
    expect((await leaseAll(store, Date.now())).map(({ job }) => job)).toEqual([next]);
  });

  it('is a job whose key has another type: a save returns missing, and a release does nothing', async () => {
    const [one, other] = [await createAndLease(store, freshJob()), await createAndLease(store, freshJob())];
    for (const { job } of [one, other]) await damageKey(keys.job(job.id));
    const schedule = { runAt: Date.now(), failureCount: 0, lastPolledAt: null };
    expect(await store.save(one.leaseId, { job: nextVersion(one.job), schedule })).toBe('missing');
    await store.release(other, schedule);
    expect(unreadable).toEqual([one.job.id, other.job.id]);
    expect(await leaseAll(store, Date.now() + HOUR)).toEqual([]);
    expect(await store.client.get(keys.job(one.job.id))).toBe('spoiled');
  });
});

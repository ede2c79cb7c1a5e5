import { expect, it } from 'vitest';
import type { Job } from '../../../src/domain/job/job.ts';
import type { JobLimits } from '../../../src/store/job-limits.ts';
import type { JobStore } from '../../../src/store/job-store.ts';
import { acceptedJob, completed, failed, keyedJob, limits, nextVersion, record } from '../../support/jobs.ts';
import { DAY, HOUR, MINUTE, NOON, SECOND } from '../../support/times.ts';
import { leaseAll, idsOf, type OpenStore, storePerTest, present } from './opened-store.ts';

/** Each limit, and how long to wait when the first of two jobs is a minute old. */
const LIMITS = [
  ['unfinished', 10 * SECOND],
  ['unfinishedPerOwner', 10 * SECOND],
  ['perDay', DAY - MINUTE],
  ['perDayPerOwner', DAY - MINUTE],
] as const;
const OF_OWNER = ['unfinishedPerOwner', 'perDayPerOwner'] as const;
const OF_DAY = ['perDay', 'perDayPerOwner'] as const;

export function limitCases(open: OpenStore): void {
  const opened = storePerTest(open);
  it.each(LIMITS)(
    'accepts as many jobs as %s allows, and stores nothing of the next',
    async (limit, retryAfterMs) => {
      const { clock } = opened;
      const create = createWithin(opened.store, { [limit]: 2 });
      const jobs = [acceptedJob(), acceptedJob({ createdAt: NOON + MINUTE })];
      expect(await create(present(jobs[0]))).toEqual({ type: 'created' });
      clock.jump(MINUTE);
      expect(await create(present(jobs[1]))).toEqual({ type: 'created' });
      const refused = acceptedJob({ createdAt: clock.now() });
      expect(await create(refused)).toEqual({ type: 'refused', limit, retryAfterMs });
      expect(await create(refused)).toEqual({ type: 'refused', limit, retryAfterMs });
      expect(await opened.store.getMany([refused.id])).toEqual([null]);
      expect(idsOf(await leaseAll(opened.store, clock.now()))).toEqual(idsOf(jobs));
    },
  );

  it.each(LIMITS)('accepts no more than %s allows when 50 come at once', async (limit) => {
    const create = createWithin(opened.store, { [limit]: 7 });
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => create(acceptedJob())));
    expect(outcomes.filter(({ type }) => type === 'created')).toHaveLength(7);
    expect(outcomes.filter(({ type }) => type === 'refused')).toHaveLength(43);
  });

  it.each(OF_OWNER)('counts %s for each owner separately', async (limit) => {
    const create = createWithin(opened.store, { [limit]: 1 });
    for (const ownerId of ['ada', 'bob', 'ada:b', '{ada}']) {
      expect((await create(acceptedJob({ ownerId }))).type).toBe('created');
      expect(await create(acceptedJob({ ownerId }))).toMatchObject({ type: 'refused', limit });
    }
  });

  it("reports the owner's limit first, and uses no place of the others for a refused job", async () => {
    const create = createWithin(opened.store, { unfinished: 3, unfinishedPerOwner: 1, perDay: 3 });
    expect((await create(acceptedJob())).type).toBe('created');
    for (let i = 0; i < 3; i += 1) {
      expect(await create(acceptedJob())).toMatchObject({ limit: 'unfinishedPerOwner' });
    }
    expect((await create(acceptedJob({ ownerId: 'bob' }))).type).toBe('created');
    expect((await create(acceptedJob({ ownerId: 'cleo' }))).type).toBe('created');
    expect(await create(acceptedJob({ ownerId: 'dora' }))).toMatchObject({ limit: 'unfinished' });
    // A job that the shared limit refused does not count for its owner.
    const [leased] = await leaseAll(opened.store, NOON);
    await opened.store.save(present(leased).leaseId, {
      job: completed(present(leased).job, NOON),
      schedule: null,
    });
    expect(
      (await createWithin(opened.store, { unfinishedPerOwner: 1 })(acceptedJob({ ownerId: 'dora' }))).type,
    ).toBe('created');
  });

  it('counts leased, waiting and running jobs as unfinished, but not final ones', async () => {
    const { store } = opened;
    const within = limits({ unfinished: 1, unfinishedPerOwner: 1 });
    const first = acceptedJob();
    await store.create(record(first, { limits: within }));
    const leased = present((await leaseAll(store, NOON))[0]);
    const create = async () => (await store.create(record(acceptedJob(), { limits: within }))).type;
    expect(await create()).toBe('refused');
    const submitting = nextVersion(leased.job, { phase: 'submitting' });
    expect(await store.save(leased.leaseId, { job: submitting, schedule: null })).toBe('saved');
    expect(await create()).toBe('refused');
    expect(await store.save(leased.leaseId, { job: completed(submitting, NOON), schedule: null })).toBe(
      'saved',
    );
    expect(await create()).toBe('created');
    expect(await create()).toBe('refused');
  });

  it.each(OF_DAY)('releases a place of %s only when a job ended without cost', async (limit) => {
    const { store } = opened;
    const create = createWithin(store, { [limit]: 1 });
    const endings = [
      (job: Job) => failed(job, NOON, 'NO'),
      (job: Job) => failed(job, NOON, 'NO'),
      (job: Job) => failed(job, NOON, 'UNKNOWN'),
    ];
    for (const end of endings) {
      const job = acceptedJob();
      expect((await create(job)).type).toBe('created');
      expect((await create(acceptedJob())).type).toBe('refused');
      const leased = present((await leaseAll(store, NOON))[0]);
      await store.save(leased.leaseId, { job: end(job), schedule: null });
    }
    expect((await create(acceptedJob())).type).toBe('refused');
  });

  it.each([
    ['failed with costs', (job: Job) => failed(job, NOON, 'YES')],
    ['completed', (job: Job) => completed(job, NOON)],
  ] as const)('counts a job of the day that is %s', async (_, end) => {
    const create = createWithin(opened.store, { perDay: 1, perDayPerOwner: 1 });
    const job = acceptedJob();
    await create(job);
    const leased = present((await leaseAll(opened.store, NOON))[0]);
    await opened.store.save(leased.leaseId, { job: end(job), schedule: null });
    expect(await create(acceptedJob())).toMatchObject({ type: 'refused', limit: 'perDayPerOwner' });
  });

  it.each(OF_DAY)('counts each job for %s for 24 hours', async (limit) => {
    const { clock } = opened;
    const create = createWithin(opened.store, { [limit]: 2 });
    const next = () => create(acceptedJob({ createdAt: clock.now() }));
    await next();
    clock.jump(HOUR);
    await next();
    clock.jump(DAY - HOUR - 1);
    expect(await next()).toEqual({ type: 'refused', limit, retryAfterMs: 1 });
    clock.jump(1);
    expect(await next()).toEqual({ type: 'created' });
    expect(await next()).toEqual({ type: 'refused', limit, retryAfterMs: HOUR });
    clock.jump(HOUR);
    expect(await next()).toEqual({ type: 'created' });
  });

  it('returns when there is room even if the limit was lowered below the number of jobs', async () => {
    const { clock } = opened;
    const createOfThree = createWithin(opened.store, { perDay: 3 });
    for (let i = 0; i < 3; i += 1) {
      expect((await createOfThree(acceptedJob({ createdAt: clock.now() }))).type).toBe('created');
      clock.jump(MINUTE);
    }
    const create = createWithin(opened.store, { perDay: 1 });
    // The day of the newest job must end as well.
    expect(await create(acceptedJob())).toEqual({
      type: 'refused',
      limit: 'perDay',
      retryAfterMs: DAY - MINUTE,
    });
  });

  it.each(LIMITS)('returns the job of a known key also when %s is used up', async (limit) => {
    const key = { idempotencyKey: 'order-7', limits: limits({ [limit]: 1 }) };
    const first = keyedJob('order-7');
    expect(await opened.store.create(record(first, key))).toEqual({ type: 'created' });
    expect(await opened.store.create(record(keyedJob('order-7'), key))).toEqual({
      type: 'duplicate',
      job: first,
    });
    expect(await opened.store.create(record(keyedJob('order-7'), { ...key, fingerprint: 'other' }))).toEqual({
      type: 'conflict',
      job: first,
    });
    const other = record(keyedJob('order-8'), { ...key, idempotencyKey: 'order-8' });
    expect(await opened.store.create(other)).toMatchObject({ type: 'refused', limit });
  });

  it.each(LIMITS)('uses no place of %s for a known key', async (limit) => {
    const key = { idempotencyKey: 'order-7', limits: limits({ [limit]: 2 }) };
    for (const type of ['created', 'duplicate', 'duplicate', 'duplicate']) {
      expect((await opened.store.create(record(keyedJob('order-7'), key))).type).toBe(type);
    }
    const create = createWithin(opened.store, { [limit]: 2 });
    expect((await create(acceptedJob())).type).toBe('created');
    expect((await create(acceptedJob())).type).toBe('refused');
  });

  it('limits only unfinished jobs when the other limits are 0', async () => {
    const create = createWithin(opened.store, {});
    const outcomes = await Promise.all(Array.from({ length: 200 }, () => create(acceptedJob())));
    expect(outcomes.filter(({ type }) => type !== 'created')).toEqual([]);
  });
}

function createWithin(store: JobStore, change: Partial<JobLimits>) {
  return (job: Job) => store.create(record(job, { limits: limits(change) }));
}

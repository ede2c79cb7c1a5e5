import { expect, it } from 'vitest';
import type { Job } from '../../../src/domain/job/job.ts';
import { acceptedJob, completed, keyedJob, limits, record, videoRequest } from '../../support/jobs.ts';
import { DAY, NOON, SECOND } from '../../support/times.ts';
import { createAndLease, idsOf, type OpenStore, storePerTest, present } from './opened-store.ts';

const KEY = { idempotencyKey: 'order-7' };
const OTHER = videoRequest({ prompt: 'a dog sleeps' });

/** An accepted job that may be created with KEY. */
const keyed = (change: Partial<Job> = {}) => keyedJob(KEY.idempotencyKey, change);

export function idempotencyCases(open: OpenStore): void {
  const opened = storePerTest(open);
  it('returns the first job for the same key and request, and stores no other', async () => {
    const [first, second] = [keyed(), keyed()];
    expect(await opened.store.create(record(first, KEY))).toEqual({ type: 'created' });
    expect(await opened.store.create(record(second, KEY))).toEqual({ type: 'duplicate', job: first });
    expect(await opened.store.getMany([second.id])).toEqual([null]);
  });

  it('returns the stored version of the job, not the first one', async () => {
    const { store } = opened;
    const first = keyed();
    await store.create(record(first, KEY));
    const [leased] = await store.leaseDue({
      now: NOON,
      leaseUntil: NOON + 1,
      limit: 1,
      callLimit: 1,
      except: [],
      preferred: null,
    });
    const done = completed(first, NOON);
    await store.save(present(leased).leaseId, { job: done, schedule: null });
    expect(await store.create(record(keyed(), KEY))).toEqual({ type: 'duplicate', job: done });
    const conflict = await store.create(record(keyed({ request: OTHER }), KEY));
    expect(conflict).toEqual({ type: 'conflict', job: done });
  });

  it('returns a conflict for the same key and another request, and stores nothing', async () => {
    const [first, second] = [keyed(), keyed({ request: OTHER })];
    await opened.store.create(record(first, KEY));
    expect(await opened.store.create(record(second, KEY))).toEqual({ type: 'conflict', job: first });
    expect(await opened.store.getMany([second.id])).toEqual([null]);
  });

  it('answers a known key and stores nothing when the record may not be created', async () => {
    const { store } = opened;
    const [first, second, other] = [keyed(), keyed(), keyed({ request: OTHER })];
    const only = { ...KEY, mayCreate: false, limits: limits({ unfinished: 1, perDayPerOwner: 1 }) };
    expect(await store.create(record(first, only))).toEqual({ type: 'unknown' });
    expect(await store.create(record(acceptedJob(), { mayCreate: false }))).toEqual({ type: 'unknown' });
    expect(await store.nextDueAt()).toBeNull();
    expect(await store.create(record(first, { ...only, mayCreate: true }))).toEqual({ type: 'created' });
    expect(await store.create(record(second, only))).toEqual({ type: 'duplicate', job: first });
    expect(await store.create(record(other, only))).toEqual({ type: 'conflict', job: first });
    expect(await store.getMany([second.id, other.id])).toEqual([null, null]);
  });

  it('separates the keys of owners', async () => {
    await opened.store.create(record(keyed(), KEY));
    const bobs = keyed({ ownerId: 'bob' });
    expect(await opened.store.create(record(bobs, KEY))).toEqual({ type: 'created' });
  });

  it('distinguishes keys and owners with any characters', async () => {
    const pairs = [
      ['ada', 'b:c'],
      ['ada:b', 'c'],
      ['ada', 'B:C'],
      ['ada', 'b:c '],
      ['ada', "b'c"],
      ['ada', 'b{c}'],
    ] as const;
    for (const [ownerId, idempotencyKey] of pairs) {
      const job = keyedJob(idempotencyKey, { ownerId });
      const outcome = await opened.store.create(record(job, { idempotencyKey }));
      expect(outcome).toEqual({ type: 'created' });
    }
  });

  it('creates a new job each time without a key', async () => {
    expect(await opened.store.create(record(acceptedJob()))).toEqual({ type: 'created' });
    expect(await opened.store.create(record(acceptedJob()))).toEqual({ type: 'created' });
  });

  it('keeps a key for 24 hours, then assigns it to a new job', async () => {
    const { clock } = opened;
    const first = keyed();
    await opened.store.create(record(first, KEY));
    clock.jump(DAY - SECOND);
    expect(await opened.store.create(record(keyed(), KEY))).toEqual({ type: 'duplicate', job: first });
    clock.jump(SECOND);
    const second = keyed({ createdAt: clock.now(), request: OTHER });
    expect(await opened.store.create(record(second, KEY))).toEqual({ type: 'created' });
    expect(await opened.store.create(record(keyed(), KEY))).toEqual({ type: 'conflict', job: second });
    expect(await opened.store.getMany([first.id])).toEqual([first]);
  });

  it('creates one job for 20 concurrent creates with one key', async () => {
    const jobs = Array.from({ length: 20 }, () => keyed());
    const outcomes = await Promise.all(jobs.map((job) => opened.store.create(record(job, KEY))));
    const stored = (await opened.store.getMany(idsOf(jobs))).filter((job) => job !== null);
    expect(stored).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome.type === 'created')).toHaveLength(1);
    const duplicates = outcomes.filter((outcome) => outcome.type === 'duplicate');
    expect(duplicates).toEqual(Array.from({ length: 19 }, () => ({ type: 'duplicate', job: stored[0] })));
  });

  it('returns the job of a repeated key also when there is no room for a new job', async () => {
    const leased = await createAndLease(opened.store, acceptedJob());
    const full = { ...KEY, limits: limits({ unfinished: 2 }) };
    expect(await opened.store.create(record(keyed(), full))).toEqual({ type: 'created' });
    expect((await opened.store.create(record(keyed(), full))).type).toBe('duplicate');
    const refused = record(keyedJob('order-8'), { idempotencyKey: 'order-8', limits: full.limits });
    expect((await opened.store.create(refused)).type).toBe('refused');
    // A refused create does not use its key.
    await opened.store.save(leased.leaseId, { job: completed(leased.job, NOON), schedule: null });
    expect(await opened.store.create(refused)).toEqual({ type: 'created' });
  });
}

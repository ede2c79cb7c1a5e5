import { expect, it } from 'vitest';
import { acceptedJob, nextVersion, record } from '../../support/jobs.ts';
import { MINUTE, NOON, SECOND } from '../../support/times.ts';
import { idsOf, leaseAll, leaseUpTo, type OpenStore, present, storePerTest } from './opened-store.ts';

/** Cases of jobs that end when they are not submitted in time. */
export function startBeforeCases(open: OpenStore): void {
  const opened = storePerTest(open);
  /** Leases the jobs that need no upstream call, because their time is over. */
  const leaseExpired = (now: number) => leaseUpTo(opened.store, now, 10, { callLimit: 0 });

  it('leases an accepted job as expired once its start deadline has passed', async () => {
    const { store } = opened;
    const [early, late] = [acceptedJob({ startBefore: NOON + MINUTE }), acceptedJob()];
    for (const job of [early, late]) await store.create(record(job));
    expect(await leaseExpired(NOON + MINUTE - 1)).toEqual([]);
    expect(idsOf(await leaseExpired(NOON + MINUTE))).toEqual([early.id]);
  });

  it('leases it by its own deadline when that comes first', async () => {
    const job = acceptedJob({ deadlineAt: NOON + SECOND, startBefore: NOON + MINUTE });
    await opened.store.create(record(job));
    expect(idsOf(await leaseExpired(NOON + SECOND))).toEqual([job.id]);
  });

  it.each([null, { runAt: NOON, failureCount: 0, lastPolledAt: null }])(
    'keeps a job that was submitted in time until its own deadline, saved with the schedule %j',
    async (schedule) => {
      const { store } = opened;
      const job = acceptedJob({ startBefore: NOON + MINUTE });
      await store.create(record(job));
      const leased = present((await leaseAll(store, NOON))[0]);
      const submitting = nextVersion(job, { phase: 'submitting' });
      expect(await store.save(leased.leaseId, { job: submitting, schedule })).toBe('saved');
      expect(await leaseExpired(NOON + 2 * MINUTE)).toEqual([]);
      expect(idsOf(await leaseExpired(job.deadlineAt))).toEqual([job.id]);
    },
  );

  it('ends a job by its start deadline again when it was certainly not submitted', async () => {
    const { store } = opened;
    const job = acceptedJob({ startBefore: NOON + MINUTE });
    await store.create(record(job));
    const leased = present((await leaseAll(store, NOON))[0]);
    const submitting = nextVersion(job, { phase: 'submitting' });
    await store.save(leased.leaseId, { job: submitting, schedule: null });
    const again = nextVersion(submitting, { phase: 'accepted' });
    const schedule = { runAt: NOON, failureCount: 1, lastPolledAt: null };
    expect(await store.save(leased.leaseId, { job: again, schedule })).toBe('saved');
    expect(idsOf(await leaseExpired(NOON + MINUTE))).toEqual([job.id]);
  });
}

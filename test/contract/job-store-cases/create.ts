import { expect, it } from 'vitest';
import { acceptedJob, completed, jobId, videoRequest } from '../../support/jobs.ts';
import { NOON, SECOND } from '../../support/times.ts';
import { createAll, createAndLease, type OpenStore, storePerTest } from './opened-store.ts';

export function createCases(open: OpenStore): void {
  const opened = storePerTest(open);
  it('returns a created job unchanged', async () => {
    const request = videoRequest({ prompt: "a “cat” — 猫\u2028\u0000 🐈 '); DROP TABLE jobs; --" });
    const job = acceptedJob({ request });
    await createAll(opened.store, [job]);
    expect(await opened.store.getMany([job.id])).toEqual([job]);
  });

  it('reads jobs in the order of the ids, null for an unknown one, repeated ids included', async () => {
    const [a, b] = [acceptedJob(), acceptedJob()];
    await createAll(opened.store, [a, b]);
    const ids = [b.id, jobId(NOON), a.id, 'nonsense', b.id];
    expect(await opened.store.getMany(ids)).toEqual([b, null, a, null, b]);
  });

  it('reads no jobs for an empty list', async () => {
    expect(await opened.store.getMany([])).toEqual([]);
  });

  it('returns no video data for an unknown job or for one without a video', async () => {
    const job = acceptedJob();
    await createAll(opened.store, [job]);
    expect(await opened.store.getVideoData(job.id)).toBeNull();
    expect(await opened.store.getVideoData(jobId(NOON))).toBeNull();
  });

  it('returns when the next job is due or the next lease expires, and null when there is none', async () => {
    const { store } = opened;
    expect(await store.nextDueAt()).toBeNull();
    const first = acceptedJob();
    const second = acceptedJob({ createdAt: NOON + 5 * SECOND });
    await createAll(store, [second, first]);
    expect(await store.nextDueAt()).toBe(NOON);
    const leaseUntil = NOON + 3 * SECOND;
    await store.leaseDue({ now: NOON, leaseUntil, limit: 1, callLimit: 1, except: [], preferred: null });
    expect(await store.nextDueAt()).toBe(leaseUntil);
  });

  it('returns no due time once all jobs are final', async () => {
    const leased = await createAndLease(opened.store, acceptedJob());
    await opened.store.save(leased.leaseId, { job: completed(leased.job, NOON), schedule: null });
    expect(await opened.store.nextDueAt()).toBeNull();
  });
}

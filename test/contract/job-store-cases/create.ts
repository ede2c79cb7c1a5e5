import { expect, it } from 'vitest';
import { FakeClock } from '../../support/fake-clock.ts';
import { acceptedJob, completed, jobId, videoRequest } from '../../support/jobs.ts';
import { NOON, SECOND } from '../../support/times.ts';
import { createAll, createAndLease, type OpenStore } from './opened-store.ts';

export function createCases(open: OpenStore): void {
  it('gives a created job back exactly as it was', async () => {
    await using opened = await open(new FakeClock());
    const request = videoRequest({ prompt: "a “cat” — 猫\u2028\u0000 🐈 '); DROP TABLE jobs; --" });
    const job = acceptedJob({ request });
    await createAll(opened.store, [job]);
    expect(await opened.store.getMany([job.id])).toEqual([job]);
  });

  it('reads many jobs in the order asked for, null for an unknown one, each as often as asked', async () => {
    await using opened = await open(new FakeClock());
    const [a, b] = [acceptedJob(), acceptedJob()];
    await createAll(opened.store, [a, b]);
    const ids = [b.id, jobId(NOON), a.id, 'nonsense', b.id];
    expect(await opened.store.getMany(ids)).toEqual([b, null, a, null, b]);
  });

  it('reads none when asked for none', async () => {
    await using opened = await open(new FakeClock());
    expect(await opened.store.getMany([])).toEqual([]);
  });

  it('has no video data for an unknown job or one without any', async () => {
    await using opened = await open(new FakeClock());
    const job = acceptedJob();
    await createAll(opened.store, [job]);
    expect(await opened.store.getVideoData(job.id)).toBeNull();
    expect(await opened.store.getVideoData(jobId(NOON))).toBeNull();
  });

  it('tells when the next job is due, leases included, and null when there is none', async () => {
    await using opened = await open(new FakeClock());
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

  it('has no next due job once all are final', async () => {
    await using opened = await open(new FakeClock());
    const leased = await createAndLease(opened.store, acceptedJob());
    await opened.store.save(leased.leaseId, { job: completed(leased.job, NOON), schedule: null });
    expect(await opened.store.nextDueAt()).toBeNull();
  });
}

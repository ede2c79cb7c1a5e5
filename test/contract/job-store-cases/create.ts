import { expect, it } from 'vitest';
import { FakeClock } from '../../support/fake-clock.ts';
import { acceptedJob, completed, jobId, nextVersion, record, videoRequest } from '../../support/jobs.ts';
import { NOON, SECOND } from '../../support/times.ts';
import { claimAll, createAll, createAndClaim, idsOf, type OpenStore } from './opened-store.ts';

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

  it('takes as many unfinished jobs as told, this one included, and stores nothing of the next', async () => {
    await using opened = await open(new FakeClock());
    const jobs = [acceptedJob(), acceptedJob({ ownerId: 'bob' }), acceptedJob()];
    const outcomes = [];
    for (const job of jobs) outcomes.push(await opened.store.create(record(job, { maxUnfinished: 2 })));
    expect(outcomes).toEqual([{ type: 'created' }, { type: 'created' }, { type: 'full' }]);
    expect(await opened.store.getMany(idsOf(jobs))).toEqual([jobs[0], jobs[1], null]);
    expect(idsOf(await claimAll(opened.store, NOON)).toSorted()).toEqual(idsOf(jobs.slice(0, 2)));
  });

  it('counts claimed, waiting and running jobs as unfinished, but no final one', async () => {
    await using opened = await open(new FakeClock());
    const { store } = opened;
    const claim = await createAndClaim(store, acceptedJob());
    const create = async () => (await store.create(record(acceptedJob(), { maxUnfinished: 1 }))).type;
    expect(await create()).toBe('full');
    const submitting = nextVersion(claim.job, { phase: 'submitting' });
    expect(await store.save(claim, { job: submitting, schedule: null })).toBe(true);
    expect(await create()).toBe('full');
    expect(await store.save(claim, { job: completed(submitting, NOON), schedule: null })).toBe(true);
    expect(await create()).toBe('created');
  });

  it('lets no more in than told when many come at once', async () => {
    await using opened = await open(new FakeClock());
    const creates = Array.from({ length: 20 }, () =>
      opened.store.create(record(acceptedJob(), { maxUnfinished: 7 })),
    );
    const types = (await Promise.all(creates)).map((outcome) => outcome.type);
    expect(types.filter((type) => type === 'created')).toHaveLength(7);
    expect(types.filter((type) => type === 'full')).toHaveLength(13);
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
    await store.claimDue({ now: NOON, leaseUntil, limit: 1, callLimit: 1, worth: null });
    expect(await store.nextDueAt()).toBe(leaseUntil);
  });

  it('has no next due job once all are final', async () => {
    await using opened = await open(new FakeClock());
    const claim = await createAndClaim(opened.store, acceptedJob());
    await opened.store.save(claim, { job: completed(claim.job, NOON), schedule: null });
    expect(await opened.store.nextDueAt()).toBeNull();
  });
}

import { expect, it } from 'vitest';
import type { Job } from '../../../src/domain/job.ts';
import { type Claim, type DueJob, type JobStore, WORTH_LOOKS } from '../../../src/store/job-store.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { acceptedJob, completed, nextVersion } from '../../support/jobs.ts';
import { MINUTE, NOON, SECOND } from '../../support/times.ts';
import { claimAll, createAll, createAndClaim, idsOf, type OpenStore, present } from './opened-store.ts';

const LATER = NOON + 10 * SECOND;

export function worthCases(open: OpenStore): void {
  it('claims the jobs that are worth most when more are due than may be called about', async () => {
    await using opened = await open(new FakeClock());
    const jobs = await running(opened.store, 6);
    const asked = new Set<string>();
    const worth = ({ job }: DueJob) => {
      asked.add(job.id);
      return [0, 3, 4, 5, 1, 2][jobs.findIndex(({ id }) => id === job.id)] ?? 0;
    };
    expect(idsOf(await claimBy(opened.store, worth, 3))).toEqual(
      idsOf([3, 2].flatMap((i) => jobs[i] ?? [])).concat(present(jobs[1]).id),
    );
    expect(asked.size).toBe(6);
    expect(idsOf(await claimBy(opened.store, worth, 10)).toSorted()).toEqual(
      idsOf([0, 4, 5].flatMap((i) => jobs[i] ?? [])).toSorted(),
    );
  });

  it('still claims jobs past their deadline first, and none that is not due', async () => {
    await using opened = await open(new FakeClock());
    const [first] = await running(opened.store, 3);
    const late = acceptedJob({ deadlineAt: NOON + SECOND });
    const future = acceptedJob({ createdAt: LATER + 1 });
    await createAll(opened.store, [late, future]);
    const claims = await claimBy(opened.store, ({ job }) => (job.id === first?.id ? 1 : 0), 1);
    expect(idsOf(claims)).toEqual([late.id, present(first).id]);
  });

  it('asks also about jobs to be submitted or collected that many others are due before', async () => {
    await using opened = await open(new FakeClock());
    const { store } = opened;
    await running(store, WORTH_LOOKS + 5);
    const [done] = await claimAll(store, NOON);
    const collecting = await queue(store, present(done), LATER, { phase: 'collecting' });
    const accepted = acceptedJob({ createdAt: LATER });
    await createAll(store, [accepted]);
    const claims = await claimBy(store, byPhase, 2);
    expect(idsOf(claims)).toEqual([accepted.id, collecting.id]);
    // Submitted now, it is urgent no more; what is given back as it was still is.
    const [submitted, given] = claims;
    await queue(store, present(submitted));
    await store.release(present(given), { dueAt: LATER, faults: 1, seenAt: null });
    expect(idsOf(await claimBy(store, byPhase, 1))).toEqual([collecting.id]);
    expect((await claimBy(store, byPhase, 1))[0]?.job.phase).toBe('queued');
  });

  it('forgets the urgency of a job that ends', async () => {
    await using opened = await open(new FakeClock());
    const claim = await createAndClaim(opened.store, acceptedJob());
    await opened.store.save(claim, { job: completed(claim.job, NOON), schedule: null });
    expect(await claimBy(opened.store, () => 1, 5)).toEqual([]);
  });

  it('keeps when a job was last seen not done, over saves and releases', async () => {
    await using opened = await open(new FakeClock());
    const { store } = opened;
    const created = await createAndClaim(store, acceptedJob());
    expect(created.seenAt).toBeNull();
    const queued = nextVersion(created.job, { phase: 'queued' });
    await store.save(created, { job: queued, schedule: { dueAt: NOON, faults: 0, seenAt: NOON - 5 } });
    const [saved] = await claimAll(store, NOON);
    expect(saved?.seenAt).toBe(NOON - 5);
    await store.release(present(saved), { dueAt: NOON, faults: 0, seenAt: NOON + 7 });
    expect((await claimAll(store, NOON))[0]?.seenAt).toBe(NOON + 7);
  });
}

/** Jobs that the upstream has taken, due one after the other from noon on. */
async function running(store: JobStore, count: number): Promise<Job[]> {
  const jobs = Array.from({ length: count }, () => acceptedJob());
  await createAll(store, jobs);
  const claims = await claimAll(store, NOON);
  const moved = await Promise.all(claims.map((claim, index) => queue(store, claim, NOON + index)));
  return jobs.map(({ id }) => present(moved.find((job) => job.id === id)));
}

async function queue(store: JobStore, claim: Claim, dueAt = NOON, change: Partial<Job> = {}): Promise<Job> {
  const job = nextVersion(claim.job, { phase: 'queued', ...change });
  await store.save(claim, { job, schedule: { dueAt, faults: 0, seenAt: NOON } });
  return job;
}

function byPhase({ job }: DueJob): number {
  return ['queued', 'collecting', 'accepted'].indexOf(job.phase);
}

function claimBy(store: JobStore, worth: (due: DueJob) => number, callLimit: number): Promise<Claim[]> {
  return store.claimDue({ now: LATER, leaseUntil: LATER + MINUTE, limit: 1000, callLimit, worth });
}

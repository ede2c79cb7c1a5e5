import { expect, it } from 'vitest';
import { acceptedJob, nextVersion } from '../../support/jobs.ts';
import { NOON, SECOND } from '../../support/times.ts';
import {
  leaseUpTo,
  createAll,
  createAndLease,
  idsOf,
  type OpenStore,
  storePerTest,
  present,
} from './opened-store.ts';

export function waitingCases(open: OpenStore): void {
  const opened = storePerTest(open);
  it('finds the longest due jobs that were due before a time', async () => {
    expect(await opened.store.findWaiting(NOON, 10)).toEqual([]);
    const jobs = [2, 0, 1, 3].map((seconds) => acceptedJob({ createdAt: NOON + seconds * SECOND }));
    await createAll(opened.store, jobs);
    const [third, first, second] = jobs.map(present);
    const find = async (before: number, limit: number) =>
      (await opened.store.findWaiting(before, limit)).map(({ job }) => job);
    expect(await find(NOON + 3 * SECOND, 10)).toEqual([first, second, third]);
    expect(await find(NOON + 3 * SECOND, 2)).toEqual([first, second]);
    expect(await find(NOON, 10)).toEqual([]);
  });

  it('leases none of them', async () => {
    await createAll(opened.store, [acceptedJob()]);
    expect(await opened.store.findWaiting(NOON + SECOND, 10)).toHaveLength(1);
    expect(await leaseUpTo(opened.store, NOON, 10)).toHaveLength(1);
  });

  it('finds no job that already shows why it waits, that was submitted, or that is leased', async () => {
    const { store } = opened;
    const [shown, sent, held, left] = [0, 1, 2, 3].map((i) => acceptedJob({ createdAt: NOON + i }));
    await createAll(store, [shown, sent, held, left].map(present));
    const NEXT = { runAt: NOON + 1, failureCount: 0, lastPolledAt: null };
    await store.save('', { job: nextVersion(present(shown), { waitingFor: 'RATE_LIMIT' }), schedule: null });
    await store.save('', { job: nextVersion(present(sent), { phase: 'queued' }), schedule: NEXT });
    await leaseUpTo(store, NOON + 2, 9, { except: [present(shown).id] });
    expect((await store.findWaiting(NOON + SECOND, 10)).map(({ job }) => job)).toEqual([left]);
  });

  it('returns about how many waiting jobs have been due for longer', async () => {
    const { store } = opened;
    const polled = await createAndLease(store, acceptedJob());
    await store.save(polled.leaseId, {
      job: nextVersion(polled.job, { phase: 'queued' }),
      schedule: { runAt: NOON, failureCount: 0, lastPolledAt: null },
    });
    const jobs = Array.from({ length: 200 }, (_, i) => acceptedJob({ createdAt: NOON + i }));
    await createAll(store, jobs);
    // Jobs that show why they wait are still waiting.
    for (const job of jobs.slice(0, 50)) await store.save('', { job: nextVersion(job), schedule: null });
    const found = await store.findWaiting(NOON + SECOND, 100);
    expect(idsOf(found)).toEqual(idsOf(jobs.slice(50, 150)));
    // A store may estimate the number.
    for (const [index, { ahead }] of found.entries()) {
      expect(ahead).toBeGreaterThanOrEqual(0);
      expect(Math.abs(ahead - (50 + index))).toBeLessThanOrEqual(100);
    }
    expect(present(found[99]).ahead).toBeGreaterThan(present(found[0]).ahead);
  });
}

import { expect, it } from 'vitest';
import { acceptedJob, changedJob, completed, jobId, nextVersion } from '../../support/jobs.ts';
import { Recorder } from '../../support/recorder.ts';
import { MINUTE, NOON, SECOND } from '../../support/times.ts';
import {
  leaseAll,
  createAll,
  createAndLease,
  idsOf,
  type OpenStore,
  storePerTest,
  present,
} from './opened-store.ts';

const LATER = { runAt: NOON + 5 * SECOND, failureCount: 0, lastPolledAt: null };

export function saveCases(open: OpenStore): void {
  const opened = storePerTest(open);
  it('stores the next version unchanged', async () => {
    const leased = await createAndLease(opened.store, acceptedJob());
    const queued = nextVersion(leased.job, { phase: 'queued', upstreamId: 'up-1', submittedAt: NOON });
    expect(await opened.store.save(leased.leaseId, { job: queued, schedule: LATER })).toBe('saved');
    expect(await opened.store.getMany([queued.id])).toEqual([queued]);
  });

  it('caches no version older than the stored one', async () => {
    const { store } = opened;
    const leased = await createAndLease(store, acceptedJob());
    expect([undefined, leased.job]).toContainEqual(opened.cache?.get(leased.job.id));
    const next = nextVersion(leased.job, { phase: 'submitting' });
    await store.save(leased.leaseId, { job: next, schedule: LATER });
    expect([undefined, next]).toContainEqual(opened.cache?.get(next.id));
    expect(await store.save(leased.leaseId, { job: { ...next, sentAt: NOON + 1 }, schedule: LATER })).toBe(
      'superseded',
    );
    expect([undefined, next]).toContainEqual(opened.cache?.get(next.id));
    expect(opened.cache?.get('unknown')).toBeUndefined();
  });

  it('keeps the lease while there is no schedule, so that one lease can save many versions', async () => {
    const { store } = opened;
    const leased = await createAndLease(store, acceptedJob());
    const second = nextVersion(leased.job, { phase: 'submitting' });
    expect(await store.save(leased.leaseId, { job: second, schedule: null })).toBe('saved');
    expect(await store.nextDueAt()).toBe(NOON + MINUTE);
    expect(await leaseAll(store, NOON + MINUTE - 1)).toEqual([]);
    expect(await store.save(leased.leaseId, { job: nextVersion(second), schedule: null })).toBe('saved');
  });

  it('passes the job of a lost poller to the next one in its last saved version', async () => {
    const { store } = opened;
    const leased = await createAndLease(store, acceptedJob());
    const submitting = nextVersion(leased.job, { phase: 'submitting' });
    await store.save(leased.leaseId, { job: submitting, schedule: null });
    expect((await leaseAll(store, NOON + MINUTE)).map(({ job }) => job)).toEqual([submitting]);
  });

  it('ends the lease with a schedule', async () => {
    const { store } = opened;
    const leased = await createAndLease(store, acceptedJob());
    const next = nextVersion(leased.job);
    expect(await store.save(leased.leaseId, { job: next, schedule: LATER })).toBe('saved');
    expect(await store.nextDueAt()).toBe(LATER.runAt);
    expect(await leaseAll(store, LATER.runAt - 1)).toEqual([]);
    expect((await leaseAll(store, LATER.runAt)).map(({ job }) => job)).toEqual([next]);
  });

  it('ends the lease of another poller with a schedule', async () => {
    const { store } = opened;
    const late = await createAndLease(store, acceptedJob());
    const held = present((await leaseAll(store, NOON + MINUTE))[0]);
    const runAt = NOON + MINUTE + SECOND;
    const saved = nextVersion(late.job);
    expect(await store.save(late.leaseId, { job: saved, schedule: { ...LATER, runAt } })).toBe('saved');
    await store.release(held, { ...LATER, failureCount: 9 });
    const [again] = await leaseAll(store, runAt);
    expect(again).toMatchObject({ job: saved, failureCount: 0 });
    expect(present(again).leaseId).not.toBe(held.leaseId);
  });

  it("ends another poller's lease of a job that became final", async () => {
    const { store } = opened;
    const late = await createAndLease(store, acceptedJob());
    const held = present((await leaseAll(store, NOON + MINUTE))[0]);
    const done = completed(late.job, NOON);
    expect(await store.save(late.leaseId, { job: done, schedule: null })).toBe('saved');
    await store.release(held, LATER);
    expect(await store.nextDueAt()).toBeNull();
    expect(await store.getMany([done.id])).toEqual([done]);
  });

  it('keeps the lease of another poller without a schedule', async () => {
    const { store } = opened;
    const late = await createAndLease(store, acceptedJob());
    const held = present((await leaseAll(store, NOON + MINUTE))[0]);
    const saved = nextVersion(late.job);
    const leaseUntil = NOON + 10 * MINUTE;
    expect(await store.save(late.leaseId, { job: saved, schedule: null, leaseUntil })).toBe('saved');
    expect(await store.nextDueAt()).toBe(NOON + 2 * MINUTE);
    expect(await store.save(held.leaseId, { job: nextVersion(saved), schedule: LATER })).toBe('saved');
  });

  it('renews the lease of the save', async () => {
    const { store } = opened;
    const leased = await createAndLease(store, acceptedJob());
    const leaseUntil = NOON + 3 * MINUTE;
    const next = nextVersion(leased.job);
    expect(await store.save(leased.leaseId, { job: next, schedule: null, leaseUntil })).toBe('saved');
    expect(await store.nextDueAt()).toBe(leaseUntil);
    expect(await leaseAll(store, leaseUntil - 1)).toEqual([]);
    expect(await leaseAll(store, leaseUntil)).toHaveLength(1);
  });

  it('renews no lease when the save is superseded', async () => {
    const { store } = opened;
    const leased = await createAndLease(store, acceptedJob());
    const stale = { job: leased.job, schedule: null, leaseUntil: NOON + 3 * MINUTE };
    expect(await store.save(leased.leaseId, stale)).toBe('superseded');
    expect(await store.nextDueAt()).toBe(NOON + MINUTE);
  });

  it('accepts a save without a lease, which keeps the schedule', async () => {
    const { store } = opened;
    const waiting = acceptedJob({ createdAt: NOON + SECOND });
    const leased = await createAndLease(store, acceptedJob());
    await createAll(store, [waiting]);
    for (const job of [waiting, leased.job]) {
      const next = nextVersion(job, { waitingFor: 'RATE_LIMIT' });
      expect(await store.save('', { job: next, schedule: null })).toBe('saved');
      expect(await store.getMany([job.id])).toEqual([next]);
    }
    expect(await store.nextDueAt()).toBe(NOON + SECOND);
    await store.release(leased, LATER);
    expect(idsOf(await leaseAll(store, LATER.runAt))).toEqual([waiting.id, leased.job.id]);
  });

  it('returns saved for a repeated save, and only for that one', async () => {
    const { store } = opened;
    const leased = await createAndLease(store, acceptedJob());
    const change = { job: nextVersion(leased.job, { phase: 'submitting' }), schedule: null } as const;
    expect(await store.save(leased.leaseId, change)).toBe('saved');
    expect(await store.save(leased.leaseId, change)).toBe('saved');
    expect(await store.save('of another', change)).toBe('superseded');
    const other = { ...change, job: changedJob(change.job, { sentAt: NOON + 1 }) };
    expect(await store.save(leased.leaseId, other)).toBe('superseded');
    expect(await store.getMany([leased.job.id])).toEqual([change.job]);
  });

  it('accepts only the next version', async () => {
    const { store } = opened;
    const leased = await createAndLease(store, acceptedJob());
    for (const version of [0, 1, 3, 100]) {
      const job = changedJob(leased.job, { version, phase: 'queued' });
      expect(await store.save(leased.leaseId, { job, schedule: null })).toBe('superseded');
      expect(await store.save(leased.leaseId, { job, schedule: LATER })).toBe('superseded');
    }
    expect(await store.getMany([leased.job.id])).toEqual([leased.job]);
  });

  it('accepts nothing from a poller once another has saved, not even a final version', async () => {
    const { store } = opened;
    const lost = await createAndLease(store, acceptedJob());
    const [held] = await leaseAll(store, NOON + MINUTE);
    const next = nextVersion(lost.job, { phase: 'settling', lostAnswer: 'The poller was lost.' });
    expect(await store.save(present(held).leaseId, { job: next, schedule: null })).toBe('saved');
    const late = nextVersion(lost.job, { phase: 'queued', upstreamId: 'up-1' });
    expect(await store.save(lost.leaseId, { job: late, schedule: null })).toBe('superseded');
    expect(await store.save(lost.leaseId, { job: late, schedule: LATER })).toBe('superseded');
    expect(await store.save(lost.leaseId, { job: completed(lost.job, NOON), schedule: null })).toBe(
      'superseded',
    );
    expect(await store.getMany([lost.job.id])).toEqual([next]);
    expect(await store.nextDueAt()).toBe(NOON + 2 * MINUTE);
  });

  it('accepts a late answer after another poller has leased the job, if no other version was saved', async () => {
    const { store } = opened;
    const late = await createAndLease(store, acceptedJob());
    const [held] = await leaseAll(store, NOON + MINUTE);
    const queued = nextVersion(late.job, { phase: 'queued', upstreamId: 'up-1' });
    expect(await store.save(late.leaseId, { job: queued, schedule: LATER })).toBe('saved');
    const lost = nextVersion(late.job, { phase: 'settling' });
    expect(await store.save(present(held).leaseId, { job: lost, schedule: null })).toBe('superseded');
    expect(await store.getMany([late.job.id])).toEqual([queued]);
  });

  it('accepts a save whose lease has expired while no other poller has the job', async () => {
    const { clock } = opened;
    const leased = await createAndLease(opened.store, acceptedJob());
    clock.jump(2 * MINUTE);
    expect(await opened.store.save(leased.leaseId, { job: nextVersion(leased.job), schedule: LATER })).toBe(
      'saved',
    );
  });

  it('stores one of two concurrent saves of a version', async () => {
    const leased = await createAndLease(opened.store, acceptedJob());
    const saves = ['queued', 'processing'] as const;
    const outcomes = await Promise.all(
      saves.map((phase) =>
        opened.store.save(leased.leaseId, { job: nextVersion(leased.job, { phase }), schedule: null }),
      ),
    );
    expect(outcomes.toSorted()).toEqual(['saved', 'superseded']);
    const [job] = await opened.store.getMany([leased.job.id]);
    expect(job?.phase).toBe(saves[outcomes.indexOf('saved')]);
  });

  it('never makes a final job due, also when it is saved with a schedule', async () => {
    const { store } = opened;
    const leased = await createAndLease(store, acceptedJob());
    const done = completed(leased.job, NOON);
    expect(await store.save(leased.leaseId, { job: done, schedule: LATER })).toBe('saved');
    expect(await store.nextDueAt()).toBeNull();
    expect(await leaseAll(store, NOON + MINUTE)).toEqual([]);
    const other = changedJob(done, { finishedAt: NOON + 1 });
    expect(await store.save(leased.leaseId, { job: other, schedule: null })).toBe('superseded');
    expect(await store.getMany([done.id])).toEqual([done]);
  });

  it('stores nothing for an unknown job', async () => {
    const leased = await createAndLease(opened.store, acceptedJob());
    const other = nextVersion({ ...leased.job, id: jobId(NOON) });
    for (const [lease, schedule] of [
      [leased.leaseId, null],
      [leased.leaseId, LATER],
      ['', null],
    ] as const) {
      expect(await opened.store.save(lease, { job: other, schedule })).toBe('missing');
    }
    expect(await opened.store.save('', { job: completed(other, NOON), schedule: null })).toBe('missing');
    expect(await opened.store.getMany([other.id, leased.job.id])).toEqual([null, leased.job]);
    expect(idsOf(await leaseAll(opened.store, NOON + MINUTE))).toEqual([leased.job.id]);
  });

  it('stores the video data apart from the job and from its event', async () => {
    const { store } = opened;
    const leased = await createAndLease(store, acceptedJob());
    const recorder = new Recorder();
    await store.subscribe({ type: 'job', jobId: leased.job.id }, recorder.listener);
    const videoData = 'QUJD'.repeat(300_000);
    const done = completed(leased.job, NOON);
    expect(await store.save(leased.leaseId, { job: done, schedule: null, videoData })).toBe('saved');
    await recorder.received(1);
    expect(await store.getVideoData(done.id)).toBe(videoData);
    expect(recorder.jobs).toEqual([done]);
    expect(await store.getMany([done.id])).toEqual([done]);
    const query = { phases: null, olderThan: null, newerThan: null, ascending: false, limit: 1 };
    expect(await store.list({ ownerId: 'ada', ...query })).toEqual([done]);
  });

  it('stores no video data when the save is superseded', async () => {
    const { store } = opened;
    const lost = await createAndLease(store, acceptedJob());
    await store.save('', { job: nextVersion(lost.job), schedule: null });
    await store.save(lost.leaseId, { job: completed(lost.job, NOON), schedule: null, videoData: 'QUJD' });
    expect(await store.getVideoData(lost.job.id)).toBeNull();
  });
}

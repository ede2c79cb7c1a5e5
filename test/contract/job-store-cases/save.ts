import { expect, it } from 'vitest';
import { FakeClock } from '../../support/fake-clock.ts';
import { acceptedJob, completed, jobId, nextVersion } from '../../support/jobs.ts';
import { Recorder } from '../../support/recorder.ts';
import { MINUTE, NOON, SECOND } from '../../support/times.ts';
import { claimAll, createAndClaim, type OpenStore, present } from './opened-store.ts';

const LATER = { dueAt: NOON + 5 * SECOND, faults: 0, seenAt: null };

export function saveCases(open: OpenStore): void {
  it('stores the next version, exactly as it is', async () => {
    await using opened = await open(new FakeClock());
    const claim = await createAndClaim(opened.store, acceptedJob());
    const queued = nextVersion(claim.job, { phase: 'queued', upstreamId: 'up-1', submittedAt: NOON });
    expect(await opened.store.save(claim, { job: queued, schedule: LATER })).toBe(true);
    expect(await opened.store.getMany([queued.id])).toEqual([queued]);
  });

  it('has nothing older at hand than what is stored', async () => {
    await using opened = await open(new FakeClock());
    const { store } = opened;
    const claim = await createAndClaim(store, acceptedJob());
    expect([undefined, claim.job]).toContainEqual(store.cached(claim.job.id));
    const next = nextVersion(claim.job, { phase: 'submitting' });
    await store.save(claim, { job: next, schedule: LATER });
    expect([undefined, next]).toContainEqual(store.cached(next.id));
    expect(await store.save(claim, { job: nextVersion(next), schedule: LATER })).toBe(false);
    expect([undefined, next]).toContainEqual(store.cached(next.id));
    expect(store.cached('unknown')).toBeUndefined();
  });

  it('keeps the lease while there is no schedule, so that one claim can save many versions', async () => {
    await using opened = await open(new FakeClock());
    const { store } = opened;
    const claim = await createAndClaim(store, acceptedJob());
    const second = nextVersion(claim.job, { phase: 'submitting' });
    expect(await store.save(claim, { job: second, schedule: null })).toBe(true);
    expect(await store.nextDueAt()).toBe(NOON + MINUTE);
    expect(await claimAll(store, NOON + MINUTE - 1)).toEqual([]);
    expect(await store.save(claim, { job: nextVersion(second), schedule: null })).toBe(true);
  });

  it('leaves a job whose poller was lost to the next one as it was saved last', async () => {
    await using opened = await open(new FakeClock());
    const { store } = opened;
    const claim = await createAndClaim(store, acceptedJob());
    const submitting = nextVersion(claim.job, { phase: 'submitting' });
    await store.save(claim, { job: submitting, schedule: null });
    expect((await claimAll(store, NOON + MINUTE)).map(({ job }) => job)).toEqual([submitting]);
  });

  it('gives the lease back with a schedule', async () => {
    await using opened = await open(new FakeClock());
    const { store } = opened;
    const claim = await createAndClaim(store, acceptedJob());
    const next = nextVersion(claim.job);
    expect(await store.save(claim, { job: next, schedule: LATER })).toBe(true);
    expect(await store.nextDueAt()).toBe(LATER.dueAt);
    expect(await store.save(claim, { job: nextVersion(next), schedule: LATER })).toBe(false);
    expect(await store.getMany([next.id])).toEqual([next]);
  });

  it('takes no other version than the next', async () => {
    await using opened = await open(new FakeClock());
    const { store } = opened;
    const claim = await createAndClaim(store, acceptedJob());
    for (const version of [0, 1, 3, 100]) {
      const job = { ...claim.job, version, phase: 'queued' } as const;
      expect(await store.save(claim, { job, schedule: null })).toBe(false);
      expect(await store.save(claim, { job, schedule: LATER })).toBe(false);
    }
    expect(await store.getMany([claim.job.id])).toEqual([claim.job]);
  });

  it('takes nothing from a poller that was superseded, not even a final version', async () => {
    await using opened = await open(new FakeClock());
    const { store } = opened;
    const lost = await createAndClaim(store, acceptedJob());
    const [held] = await claimAll(store, NOON + MINUTE);
    const next = nextVersion(lost.job, { phase: 'submitting' });
    expect(await store.save(lost, { job: next, schedule: null })).toBe(false);
    expect(await store.save(lost, { job: next, schedule: LATER })).toBe(false);
    expect(await store.save(lost, { job: completed(lost.job, NOON), schedule: null })).toBe(false);
    expect(await store.getMany([lost.job.id])).toEqual([lost.job]);
    expect(await store.save(present(held), { job: next, schedule: null })).toBe(true);
  });

  it('takes a save whose lease has run out while nobody else has the job', async () => {
    const clock = new FakeClock();
    await using opened = await open(clock);
    const claim = await createAndClaim(opened.store, acceptedJob());
    clock.jump(2 * MINUTE);
    expect(await opened.store.save(claim, { job: nextVersion(claim.job), schedule: LATER })).toBe(true);
  });

  it('stores one of two equal versions that are saved at once', async () => {
    await using opened = await open(new FakeClock());
    const claim = await createAndClaim(opened.store, acceptedJob());
    const saves = ['queued', 'processing'] as const;
    const held = await Promise.all(
      saves.map((phase) =>
        opened.store.save(claim, { job: nextVersion(claim.job, { phase }), schedule: null }),
      ),
    );
    expect(held.filter(Boolean)).toHaveLength(1);
    const [job] = await opened.store.getMany([claim.job.id]);
    expect(job?.phase).toBe(saves[held.indexOf(true)]);
  });

  it('never has a final job due again, also when it is saved with a schedule', async () => {
    await using opened = await open(new FakeClock());
    const { store } = opened;
    const claim = await createAndClaim(store, acceptedJob());
    const done = completed(claim.job, NOON);
    expect(await store.save(claim, { job: done, schedule: LATER })).toBe(true);
    expect(await store.nextDueAt()).toBeNull();
    expect(await claimAll(store, NOON + MINUTE)).toEqual([]);
    expect(await store.save(claim, { job: nextVersion(done), schedule: null })).toBe(false);
  });

  it('saves nothing of a job that it does not have', async () => {
    await using opened = await open(new FakeClock());
    const claim = await createAndClaim(opened.store, acceptedJob());
    const other = nextVersion({ ...claim.job, id: jobId(NOON) });
    expect(await opened.store.save(claim, { job: other, schedule: null })).toBe(false);
    expect(await opened.store.getMany([other.id, claim.job.id])).toEqual([null, claim.job]);
  });

  it('keeps the video data beside the job, out of it and of its announcement', async () => {
    await using opened = await open(new FakeClock());
    const { store } = opened;
    const claim = await createAndClaim(store, acceptedJob());
    const recorder = new Recorder();
    await store.watch({ type: 'job', jobId: claim.job.id }, recorder.listener);
    const videoData = 'QUJD'.repeat(300_000);
    const done = completed(claim.job, NOON);
    expect(await store.save(claim, { job: done, schedule: null, videoData })).toBe(true);
    await recorder.heard(1);
    expect(await store.getVideoData(done.id)).toBe(videoData);
    expect(recorder.jobs).toEqual([done]);
    expect(await store.getMany([done.id])).toEqual([done]);
    const query = { phases: null, olderThan: null, newerThan: null, ascending: false, limit: 1 };
    expect(await store.list({ ownerId: 'ada', ...query })).toEqual([done]);
  });

  it('stores no video data with a save that it does not take', async () => {
    await using opened = await open(new FakeClock());
    const { store } = opened;
    const lost = await createAndClaim(store, acceptedJob());
    await claimAll(store, NOON + MINUTE);
    await store.save(lost, { job: completed(lost.job, NOON), schedule: null, videoData: 'QUJD' });
    expect(await store.getVideoData(lost.job.id)).toBeNull();
  });
}

import { expect, it } from 'vitest';
import type { Job } from '../../../src/domain/job/job.ts';
import type { JobStore, Topic } from '../../../src/store/job-store.ts';
import { acceptedJob, completed, keyedJob, limits, nextVersion, record } from '../../support/jobs.ts';
import { Recorder } from '../../support/recorder.ts';
import { MINUTE, NOON, SECOND } from '../../support/times.ts';
import { leaseAll, createAndLease, type OpenStore, storePerTest, present } from './opened-store.ts';

export function watchCases(open: OpenStore): void {
  const opened = storePerTest(open);
  it('publishes a new job to the subscribers of its id, of its owner and of work', async () => {
    const job = acceptedJob();
    const topics: Topic[] = [
      { type: 'job', jobId: job.id },
      { type: 'owner', ownerId: job.ownerId },
      { type: 'work' },
    ];
    const recorders = await Promise.all(topics.map((topic) => recorderOf(opened.store, topic)));
    await opened.store.create(record(job));
    await Promise.all(recorders.map((recorder) => recorder.received(1)));
    expect(recorders.map((recorder) => recorder.jobs)).toEqual([[job], [job], [job]]);
  });

  it('publishes every saved version in order, and only the new job to the subscribers of work', async () => {
    const { store } = opened;
    const work = await recorderOf(store, { type: 'work' });
    const leased = await createAndLease(store, acceptedJob());
    const ofJob = await recorderOf(store, { type: 'job', jobId: leased.job.id });
    const ofOwner = await recorderOf(store, { type: 'owner', ownerId: 'ada' });
    let job = leased.job;
    const saved: Job[] = [];
    for (let i = 0; i < 20; i += 1) {
      job = i === 19 ? completed(job, NOON) : nextVersion(job, { updatedAt: NOON + i });
      saved.push(job);
      await store.save(leased.leaseId, { job, schedule: null });
    }
    await Promise.all([ofJob.received(20), ofOwner.received(20)]);
    expect(ofJob.jobs).toEqual(saved);
    expect(ofOwner.jobs).toEqual(saved);
    expect(work.versions).toEqual([1]);
  });

  it('publishes nothing for a superseded save, nor for a create, lease or release without a change', async () => {
    const { store } = opened;
    const recorder = await recorderOf(store, { type: 'owner', ownerId: 'ada' });
    const first = keyedJob('k');
    const key = { idempotencyKey: 'k' };
    await store.create(record(first, key));
    const [lost] = await leaseAll(store, NOON);
    await store.create(record(keyedJob('k'), key));
    await store.create(record(acceptedJob(), { limits: limits({ unfinished: 1 }) }));
    const [held] = await leaseAll(store, NOON + MINUTE);
    await store.save(present(lost).leaseId, {
      job: completed({ ...first, version: 7 }, NOON),
      schedule: null,
    });
    await store.release(present(held), { runAt: NOON + SECOND, failureCount: 0, lastPolledAt: null });
    const last = acceptedJob();
    await store.create(record(last));
    await recorder.received(2);
    expect(recorder.jobs).toEqual([first, last]);
  });

  it('publishes nothing to the subscribers of other jobs and owners', async () => {
    const { store } = opened;
    const mine = acceptedJob();
    const ofJob = await recorderOf(store, { type: 'job', jobId: mine.id });
    const ofOwner = await recorderOf(store, { type: 'owner', ownerId: 'ada' });
    await store.create(record(acceptedJob({ ownerId: 'bob' })));
    await store.create(record(mine));
    await Promise.all([ofJob.received(1), ofOwner.received(1)]);
    expect(ofJob.jobs).toEqual([mine]);
    expect(ofOwner.jobs).toEqual([mine]);
  });

  it('keeps one of two subscribers when the other leaves', async () => {
    const { store } = opened;
    const leased = await createAndLease(store, acceptedJob());
    const topic: Topic = { type: 'job', jobId: leased.job.id };
    const [leaving, staying] = [new Recorder(), new Recorder()];
    const unsubscribe = await store.subscribe(topic, leaving.listener);
    await store.subscribe(topic, staying.listener);
    const second = nextVersion(leased.job);
    await store.save(leased.leaseId, { job: second, schedule: null });
    await Promise.all([leaving.received(1), staying.received(1)]);
    unsubscribe();
    await store.save(leased.leaseId, { job: nextVersion(second), schedule: null });
    await staying.received(2);
    expect(staying.versions).toEqual([2, 3]);
    expect(leaving.versions).toEqual([2]);
  });

  it('counts two subscriptions with one listener as two', async () => {
    const topic: Topic = { type: 'owner', ownerId: 'ada' };
    const recorder = new Recorder();
    const unsubscribe = await opened.store.subscribe(topic, recorder.listener);
    await opened.store.subscribe(topic, recorder.listener);
    unsubscribe();
    const other = await recorderOf(opened.store, topic);
    await opened.store.create(record(acceptedJob()));
    await Promise.all([other.received(1), recorder.received(1)]);
    expect(recorder.versions).toEqual([1]);
  });

  it('ignores a second unsubscribe, also after another subscription began', async () => {
    const { store } = opened;
    const topic: Topic = { type: 'owner', ownerId: 'ada' };
    for (const staying of [[], [new Recorder()]]) {
      for (const other of staying) await store.subscribe(topic, other.listener);
      const recorder = new Recorder();
      const unsubscribe = await store.subscribe(topic, recorder.listener);
      unsubscribe();
      unsubscribe();
      await store.subscribe(topic, recorder.listener);
      unsubscribe();
      await store.create(record(acceptedJob()));
      await recorder.received(1);
      expect(recorder.versions).toEqual([1]);
    }
  });

  it('calls no listener that unsubscribes during a call', async () => {
    const { store } = opened;
    const topic: Topic = { type: 'owner', ownerId: 'ada' };
    const received: string[] = [];
    const unsubscribe = await store.subscribe(topic, (job) => {
      received.push(job.id);
      unsubscribe();
    });
    const other = await recorderOf(store, topic);
    const [first, second] = [acceptedJob(), acceptedJob()];
    await store.create(record(first));
    await store.create(record(second));
    await other.received(2);
    // Only the versions of one job come in order.
    expect(received).toHaveLength(1);
    expect([first.id, second.id]).toContain(received[0]);
  });

  it('publishes a save that immediately follows the subscription', async () => {
    const { store } = opened;
    for (let i = 0; i < 20; i += 1) {
      const job = acceptedJob();
      const recorder = await recorderOf(store, { type: 'job', jobId: job.id });
      await store.create(record(job));
      await recorder.received(1);
      expect(recorder.jobs).toEqual([job]);
    }
  });
}

/** Subscribes to a topic until the end of the test. */
async function recorderOf(store: JobStore, topic: Topic): Promise<Recorder> {
  const recorder = new Recorder();
  await store.subscribe(topic, recorder.listener);
  return recorder;
}

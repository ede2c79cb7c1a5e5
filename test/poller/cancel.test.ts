import { describe, expect, it } from 'vitest';
import { cancelJob } from '../../src/graphql/mutations/cancel-video-job.ts';
import type { JobStore } from '../../src/store/job-store.ts';
import { settled } from '../support/fake-clock.ts';
import { acceptedJob, limits, nextVersion, ownTarget, record } from '../support/jobs.ts';
import { overrideStore } from '../support/override-store.ts';
import { MINUTE, SECOND } from '../support/times.ts';
import { transientError } from '../support/upstream/fake-video-upstream.ts';
import { PollerHarness } from './poller-harness.ts';
import { StepHarness } from './step-harness.ts';

type Harness = Pick<PollerHarness, 'store' | 'clock' | 'events'> | StepHarness;

const cancel = ({ clock, events }: Harness, store: JobStore, id: string) =>
  cancelJob({ store, clock, events, targetsOf: ownTarget }, 'ada', id);

describe('a canceled job', () => {
  it('is never sent', async () => {
    await using harness = new PollerHarness();
    const [job] = await harness.accept(1);
    const outcome = await cancel(harness, harness.store, job?.id ?? '');
    expect(outcome).toMatchObject({
      type: 'CancelVideoJobSuccess',
      job: {
        version: 2,
        phase: 'failed',
        failure: {
          code: 'CANCELED',
          message: 'The job was canceled before it was sent to the upstream.',
          retryable: false,
          charged: 'NO',
        },
      },
    });
    await harness.poller.start();
    await harness.clock.advance(MINUTE);
    expect(harness.upstream.calls).toEqual([]);
    expect(await harness.store.nextDueAt()).toBeNull();
  });

  it('is never sent again after a POST that created nothing', async () => {
    await using harness = new PollerHarness({
      script: { submit: () => ({ type: 'not-created', ...transientError({ rateLimited: true }) }) },
    });
    await harness.poller.start();
    const [job] = await harness.accept(1);
    expect(harness.upstream.types).toEqual(['submit']);
    expect((await cancel(harness, harness.store, job?.id ?? '')).type).toBe('CancelVideoJobSuccess');
    harness.upstream.script = {};
    await harness.clock.advance(10 * MINUTE);
    expect(harness.upstream.types).toEqual(['submit']);
  });

  it('wins over a poller that has leased it, which logs no warning', async () => {
    const marking = Promise.withResolvers<void>();
    const canceled = Promise.withResolvers<void>();
    await using harness = new PollerHarness({
      wrap: (store) =>
        overrideStore(store, {
          save: async (leaseId, change) => {
            marking.resolve();
            await canceled.promise;
            return store.save(leaseId, change);
          },
        }),
    });
    await harness.poller.start();
    const [job] = await harness.accept(1);
    await marking.promise;
    expect((await cancel(harness, harness.store, job?.id ?? '')).type).toBe('CancelVideoJobSuccess');
    canceled.resolve();
    await settled();
    await harness.clock.advance(10 * MINUTE);
    expect(harness.upstream.calls).toEqual([]);
    expect(harness.log.map(({ level, message }) => [level, message])).toEqual([
      ['info', 'the job was canceled before it was sent'],
    ]);
  });

  it('loses to a poller that has marked it as submitting since it was read', async () => {
    await using harness = new StepHarness();
    const job = await harness.add();
    const leased = await harness.lease();
    let reads = 0;
    const late = overrideStore(harness.store, {
      getMany: async (ids) => {
        const jobs = await harness.store.getMany(ids);
        if (++reads === 1) await harness.process(leased);
        return jobs;
      },
    });
    const outcome = await cancel(harness, late, job.id);
    expect(outcome).toMatchObject({ type: 'CancelVideoJobTooLate', job: { phase: 'queued' } });
    expect([reads, harness.upstream.types]).toEqual([2, ['submit']]);
  });

  it('wins after versions that only tell why it waits', async () => {
    await using harness = new StepHarness();
    const job = await harness.add();
    let reads = 0;
    const late = overrideStore(harness.store, {
      getMany: async (ids) => {
        const jobs = await harness.store.getMany(ids);
        const waiting = nextVersion(job, { waitingFor: 'RATE_LIMIT' });
        if (++reads === 1) await harness.store.save('', { job: waiting, schedule: null });
        return jobs;
      },
    });
    expect(await cancel(harness, late, job.id)).toMatchObject({
      type: 'CancelVideoJobSuccess',
      job: { version: 3 },
    });
  });

  it('is too late when the job changes faster than it can be read', async () => {
    await using harness = new StepHarness();
    const job = await harness.add();
    let saves = 0;
    const late = overrideStore(harness.store, {
      save: async () => {
        saves += 1;
        return 'superseded';
      },
    });
    expect((await cancel(harness, late, job.id)).type).toBe('CancelVideoJobTooLate');
    expect(saves).toBe(10);
  });

  it.each(['submitting', 'settling', 'queued', 'processing', 'collecting', 'completed', 'failed'] as const)(
    'cannot be one that is %s',
    async (phase) => {
      await using harness = new StepHarness();
      const job = await harness.add({ phase });
      expect(await cancel(harness, harness.store, job.id)).toEqual({ type: 'CancelVideoJobTooLate', job });
    },
  );

  it('is canceled once: a second call has the same result', async () => {
    await using harness = new StepHarness();
    const job = await harness.add();
    const first = await cancel(harness, harness.store, job.id);
    await harness.clock.advance(SECOND);
    expect(await cancel(harness, harness.store, job.id)).toEqual(first);
  });

  it('frees its places in the limits of unfinished jobs and of a day', async () => {
    await using harness = new StepHarness();
    const within = { limits: limits({ unfinished: 1, unfinishedPerOwner: 1, perDay: 1, perDayPerOwner: 1 }) };
    const create = async () => {
      const job = acceptedJob({ createdAt: harness.clock.now() });
      return { job, type: (await harness.store.create(record(job, within))).type };
    };
    const { job } = await create();
    expect((await create()).type).toBe('refused');
    await cancel(harness, harness.store, job.id);
    expect((await create()).type).toBe('created');
  });

  it('is not found when it is unknown or another owner’s', async () => {
    await using harness = new StepHarness();
    const theirs = await harness.add({ ownerId: 'bob' });
    for (const id of [theirs.id, 'vj_unknown']) {
      expect(await cancel(harness, harness.store, id)).toEqual({ type: 'VideoJobNotFound', id });
    }
    expect(await harness.stored(theirs)).toEqual(theirs);
  });
});

import { describe, expect, it } from 'vitest';
import type { Job } from '../../src/domain/job/job.ts';
import { cancelJob } from '../../src/graphql/mutations/cancel-video-job.ts';
import { type JobFields, ownTarget } from '../support/jobs.ts';
import { MINUTE, NOON, SECOND } from '../support/times.ts';
import type { UpstreamScript } from '../support/upstream/fake-video-upstream.ts';
import { running, StepHarness } from './step-harness.ts';

interface End {
  readonly end: string;
  readonly job: JobFields;
  readonly script?: UpstreamScript;
}

const ENDS: readonly End[] = [
  { end: 'completed', job: running('collecting', NOON) },
  {
    end: 'GENERATION_FAILED',
    job: running('processing', NOON),
    script: { status: () => ({ type: 'failed', message: 'It broke.', metrics: null }) },
  },
  { end: 'TIMED_OUT', job: { ...running('processing', NOON), deadlineAt: NOON + SECOND } },
  { end: 'UPSTREAM_UNAVAILABLE', job: { phase: 'accepted', deadlineAt: NOON } },
  { end: 'START_DEADLINE_PASSED', job: { startBefore: NOON } },
  { end: 'SUBMISSION_UNKNOWN', job: { phase: 'settling', deadlineAt: NOON } },
];

describe('the end of a job adds its webhook delivery', () => {
  it.each(ENDS)('when it is $end', async ({ job: fields, script, end }) => {
    await using harness = new StepHarness(script);
    const job = await harness.add({ ...fields, webhookUrl: 'https://example.com/hook' });
    await harness.stepFor(5 * MINUTE);
    const stored = await harness.stored(job);
    expect(stored.failure?.code ?? stored.phase).toBe(end);
    expect(await harness.deliveries.ofJobs([job.id])).toMatchObject(waiting(stored));
  });

  it('when it is canceled', async () => {
    await using harness = new StepHarness();
    const job = await harness.add({ webhookUrl: 'https://example.com/hook' });
    const { store, clock, events } = harness;
    await cancelJob({ store, clock, events, targetsOf: ownTarget }, job.ownerId, job.id);
    const canceled = await harness.stored(job);
    expect(await harness.deliveries.ofJobs([job.id])).toMatchObject(waiting(canceled));
  });
});

it('a change of an unfinished job adds no webhook delivery', async () => {
  await using harness = new StepHarness();
  const job = await harness.add({ webhookUrl: 'https://example.com/hook' });
  await harness.step();
  expect((await harness.stored(job)).phase).toBe('queued');
  expect(await harness.deliveries.ofJobs([job.id])).toEqual([[]]);
});

/** The one delivery of a job that has ended, before it is sent. */
function waiting(job: Job) {
  return [[{ ...ownTarget(job)[0], job, attempts: 0, nextAttemptAt: job.finishedAt }]];
}

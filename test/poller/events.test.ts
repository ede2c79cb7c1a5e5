import { expect, it } from 'vitest';
import { collect } from '../support/events.ts';
import { SECOND } from '../support/times.ts';
import { transientError } from '../support/upstream/fake-video-upstream.ts';
import { PollerHarness } from './poller-harness.ts';

/** Completes a job some time after its submission. */
function doneAfter(harness: () => PollerHarness, ms: number) {
  let sentAt = Infinity;
  return {
    submit: () => {
      sentAt = harness().clock.now();
      return { type: 'accepted', upstreamId: 'up' } as const;
    },
    status: () =>
      harness().clock.now() < sentAt + ms
        ? ({ type: 'processing' } as const)
        : ({ type: 'completed', metrics: null } as const),
  };
}

it('a job’s versions, steps and end are emitted in order, with the numbers of the job', async () => {
  await using harness: PollerHarness = new PollerHarness({ script: doneAfter(() => harness, 50 * SECOND) });
  const { events } = harness;
  const order: string[] = [];
  for (const name of ['step:start', 'job:changed', 'job:ended', 'step:end'] as const)
    events.on(name, () => order.push(name));
  const versions = collect(events, 'job:changed');
  const steps = collect(events, 'step:end');
  const ends = collect(events, 'job:ended');
  const claims = collect(events, 'claim');
  await harness.poller.start();
  const [job] = await harness.accept(1);
  await harness.clock.advance(120 * SECOND);

  const phases = versions.map((change) => change.job.phase);
  expect([phases[0], phases.at(-2), phases.at(-1)]).toEqual(['submitting', 'collecting', 'completed']);
  expect(versions.map(({ before, job: { version } }) => version - (before?.version ?? 0))).toEqual(
    versions.map(() => 1),
  );
  expect(order.slice(0, 4)).toEqual(['step:start', 'job:changed', 'job:changed', 'step:end']);
  expect(order.slice(-4)).toEqual(['step:start', 'job:changed', 'job:ended', 'step:end']);
  expect(new Set(steps.map(({ outcome }) => outcome))).toEqual(new Set(['saved', 'unchanged']));
  expect(claims[0]).toMatchObject({ wanted: 256, granted: 256, leased: 1, latenessMs: 0 });

  // It was done after 50 seconds, within the interval between the last two polls.
  const polls = harness.upstream.calls.filter(({ type }) => type === 'status').map(({ at }) => at);
  const [before = 0, last = 0] = polls.slice(-2);
  expect(before).toBeLessThan((versions.at(-1)?.job.submittedAt ?? 0) + 50 * SECOND);
  expect(ends).toEqual([
    {
      job: versions.at(-1)?.job,
      waitedMs: 0,
      polls: polls.length,
      detectionDelayMs: (last - before) / 2,
      durationRatio: expect.closeTo(1, 0),
    },
  ]);
  expect([ends[0]?.job.id, polls.length > 2]).toEqual([job?.id, true]);
});

it('the numbers of a job survive a change of its poller', async () => {
  await using harness: PollerHarness = new PollerHarness({ script: doneAfter(() => harness, 50 * SECOND) });
  const ends = collect(harness.events, 'job:ended');
  await harness.poller.start();
  await harness.accept(1);
  const polls = () => harness.upstream.types.filter((type) => type === 'status').length;
  while (polls() === 0) await harness.clock.advance(SECOND);
  await harness.poller.stop(0);
  await using second = harness.addPoller();
  await second.start();
  await harness.clock.advance(120 * SECOND);
  expect(polls()).toBeGreaterThan(1);
  expect(ends.map((end) => end.polls)).toEqual([polls()]);
});

it('a job that was never sent ends without numbers of its polls', async () => {
  await using harness = new PollerHarness({
    script: { submit: () => ({ type: 'refused', code: 'REJECTED', message: 'no' }) },
  });
  const ends = collect(harness.events, 'job:ended');
  await harness.poller.start();
  await harness.accept(1);
  await harness.clock.advance(SECOND);
  expect(ends).toMatchObject([{ waitedMs: null, polls: 0, detectionDelayMs: null, durationRatio: null }]);
});

it('a job that waits because no call is left is emitted', async () => {
  await using harness = new PollerHarness({ rpm: 1 });
  const waiting = collect(harness.events, 'budget:waiting');
  await harness.poller.start();
  await harness.accept(1);
  await harness.clock.advance(SECOND);
  await harness.accept(1);
  await harness.clock.advance(5 * SECOND);
  expect(new Set(waiting.map(({ limitedBy, jobs }) => `${limitedBy} ${jobs}`))).toEqual(
    new Set(['rate-limit 1']),
  );
});

it.each([
  ['the last of them got a call', () => {}],
  ['they were deleted', ({ store }: PollerHarness) => store.database.exec('DELETE FROM jobs')],
])('that no job waits any more is emitted once, when %s', async (_, act) => {
  await using harness = new PollerHarness({
    rpm: 2,
    script: { submit: () => ({ type: 'refused', code: 'REJECTED', message: 'no' }) },
  });
  const waiting = collect(harness.events, 'budget:waiting');
  await harness.poller.start();
  await harness.accept(3);
  await harness.clock.advance(SECOND);
  expect(waiting.at(-1)?.jobs).toBeGreaterThan(0);
  act(harness);
  await harness.clock.advance(120 * SECOND);
  expect(waiting.findIndex(({ jobs }) => jobs === 0)).toBe(waiting.length - 1);
});

it('that no job waits for a call is emitted when a backlog waits for slots only', async () => {
  const refused = { type: 'refused', code: 'REJECTED', message: 'no' } as const;
  let calls = 0;
  await using harness: PollerHarness = new PollerHarness({
    rpm: 3000,
    // The first calls use up the budget, the others the slots.
    script: {
      submit: async (_, { signal }) => {
        if (++calls > 300) await harness.clock.sleep(20 * SECOND, signal);
        return refused;
      },
    },
  });
  const waiting = collect(harness.events, 'budget:waiting');
  await harness.poller.start();
  const jobs = await harness.accept(900);
  await harness.clock.advance(SECOND);
  expect(waiting.at(-1)?.jobs).toBeGreaterThan(0);
  await harness.clock.advance(22 * SECOND);
  expect(waiting.at(-1)?.jobs).toBe(0);
  const stored = await harness.stored(jobs);
  expect(stored.some(({ phase }) => phase === 'accepted')).toBe(true);
});

it('the circuit and waiting jobs are emitted', async () => {
  await using harness = new PollerHarness({
    rpm: 60,
    script: { submit: () => ({ type: 'not-created', ...transientError({ apiAnswered: false }) }) },
  });
  const circuit = collect(harness.events, 'circuit');
  const waiting = collect(harness.events, 'budget:waiting');
  await harness.poller.start();
  await harness.accept(40);
  await harness.clock.advance(30 * SECOND);
  expect(circuit).toEqual([{ state: 'open' }]);
  expect(waiting[0]).toEqual({ limitedBy: 'rate-limit', jobs: 1 });
  expect(Math.max(...waiting.map(({ jobs }) => jobs))).toBe(39);
});

import { describe, expect, it } from 'vitest';
import type { Job } from '../../../../src/domain/job/job.ts';
import { StoreUnavailableError } from '../../../../src/store/job-store.ts';
import { TopicSubscription } from '../../../../src/store/redis/events/topic-subscription.ts';
import { FakeClock, settled } from '../../../support/fake-clock.ts';
import { acceptedJob } from '../../../support/jobs.ts';
import { Recorder } from '../../../support/recorder.ts';
import { MINUTE, NOON } from '../../../support/times.ts';

const job = acceptedJob();
const version = (number: number): Job => ({ ...job, version: number });

/** A subscription whose reads the test answers. */
function openWatch() {
  const clock = new FakeClock();
  const recorder = new Recorder();
  const reads: { readonly since: number; readonly answer: PromiseWithResolvers<readonly Job[]> }[] = [];
  const watch = new TopicSubscription({ type: 'job', jobId: job.id }, recorder.listener, {
    readCatchUp: (_, since) => {
      const answer = Promise.withResolvers<readonly Job[]>();
      reads.push({ since, answer });
      return answer.promise;
    },
    clock,
    random: () => 0,
  });
  const say = (number: number) => watch.message(version(number));
  const answer = async (read: number, ...numbers: number[]) => {
    reads[read]?.answer.resolve(numbers.map(version));
    await settled();
  };
  return { clock, recorder, reads, watch, say, answer };
}

describe('a subscription after a gap', () => {
  it('passes on what it reads', async () => {
    const { watch, recorder, reads, say, answer } = openWatch();
    say(1);
    watch.gap(NOON);
    await answer(0, 4);
    say(5);
    expect(recorder.versions).toEqual([1, 4, 5]);
    expect(reads.map(({ since }) => since)).toEqual([NOON]);
  });

  it('passes on nothing older than a message that came meanwhile', async () => {
    const { watch, recorder, say, answer } = openWatch();
    watch.gap(NOON);
    say(3);
    await answer(0, 2);
    say(4);
    expect(recorder.versions).toEqual([3, 4]);
  });

  it('passes on no message that is older than a version that was read', async () => {
    const { watch, recorder, say, answer } = openWatch();
    watch.gap(NOON);
    await answer(0, 3);
    for (const number of [2, 3, 4, 5]) say(number);
    expect(recorder.versions).toEqual([3, 4, 5]);
  });

  it('reads again for a gap during a read', async () => {
    const { watch, recorder, reads, answer } = openWatch();
    watch.gap(NOON);
    watch.gap(NOON + 1);
    await answer(0, 2);
    await answer(1, 3);
    expect(reads.map(({ since }) => since)).toEqual([NOON, NOON + 1]);
    expect(recorder.versions).toEqual([2, 3]);
    await watch.idle();
  });

  it('retries with backoff until it can read from the beginning of the gap', async () => {
    const { clock, watch, recorder, reads, answer } = openWatch();
    watch.gap(NOON);
    for (let failures = 0; failures < 5; failures += 1) {
      reads[failures]?.answer.reject(new StoreUnavailableError('Redis is unavailable.'));
      await settled();
      expect(reads).toHaveLength(failures + 1);
      await clock.advance(250 * 2 ** failures);
    }
    await answer(5, 2);
    expect(reads.map(({ since }) => since)).toEqual(Array.from({ length: 6 }, () => NOON));
    expect(recorder.versions).toEqual([2]);
  });

  it('passes on nothing after its end, and leaves no timer', async () => {
    const { clock, watch, recorder, reads, answer } = openWatch();
    watch.gap(NOON);
    reads[0]?.answer.reject(new StoreUnavailableError('Redis is unavailable.'));
    await settled();
    expect(clock.sleeping).toBe(1);
    watch.end();
    await watch.idle();
    expect(clock.sleeping).toBe(0);
    await clock.advance(MINUTE);
    expect(reads).toHaveLength(1);
    const other = openWatch();
    other.watch.gap(NOON);
    other.watch.end();
    await other.answer(0, 2);
    expect([...recorder.jobs, ...other.recorder.jobs]).toEqual([]);
    await answer(0);
  });
});

/** What every adapter of the Submissions port keeps to. */
import { expect, it } from 'vitest';
import { SUBMISSION_MEMORY_MS, type Submissions } from '../../src/store/submissions.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** Two instances on one empty store; a store that keeps time itself is not asked about the passing of it. */
export interface OpenedSubmissions extends AsyncDisposable {
  readonly one: Submissions;
  readonly other: Submissions;
}

/** Runs the cases on an adapter. */
export function submissionsCases(open: (clock: FakeClock) => Promise<OpenedSubmissions>): void {
  it('gives a request that was found to the job that asks first, and to no other', async () => {
    await using opened = await open(new FakeClock());
    const { one, other } = opened;
    expect(await one.adopt('print', 'job-1', 'up-1')).toBe('adopted');
    expect(await other.adopt('print', 'job-2', 'up-1')).toBe('taken');
    expect(await one.adopt('print', 'job-2', 'up-1')).toBe('taken');
    expect(await other.adopt('print', 'job-2', 'up-2')).toBe('adopted');
  });

  it('takes an adoption that is repeated for the same', async () => {
    await using opened = await open(new FakeClock());
    for (const submissions of [opened.one, opened.other, opened.one]) {
      expect(await submissions.adopt('print', 'job-1', 'up-1')).toBe('adopted');
    }
  });

  it('gives one request to one of many that ask at once', async () => {
    await using opened = await open(new FakeClock());
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        (i % 2 === 0 ? opened.one : opened.other).adopt('print', `job-${i}`, 'up-1'),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'adopted')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'taken')).toHaveLength(19);
  });

  it('gives nobody the request that another job was answered with', async () => {
    await using opened = await open(new FakeClock());
    const { one, other } = opened;
    await one.begin('print', 'job-1');
    await one.end('print', 'job-1', 'up-1');
    await one.end('print', 'job-1', 'up-1');
    expect(await other.adopt('print', 'job-2', 'up-1')).toBe('taken');
    expect(await other.adopt('print', 'job-1', 'up-1')).toBe('adopted');
    expect(await other.adopt('print', 'job-2', 'up-2')).toBe('adopted');
  });

  it('remembers an answer also when the beginning was lost', async () => {
    await using opened = await open(new FakeClock());
    await opened.one.end('print', 'job-1', 'up-1');
    expect(await opened.other.adopt('print', 'job-2', 'up-1')).toBe('taken');
  });

  it('waits for the answers to other POSTs with equal inputs, but not to its own or to others', async () => {
    await using opened = await open(new FakeClock());
    const { one, other } = opened;
    await one.begin('print', 'job-1');
    await one.begin('print', 'job-1');
    await one.begin('print', 'job-2');
    expect(await other.adopt('print', 'job-3', 'up-1')).toBe('in-flight');
    expect(await other.adopt('another', 'job-4', 'up-4')).toBe('adopted');
    await one.end('print', 'job-1', null);
    expect(await other.adopt('print', 'job-3', 'up-1')).toBe('in-flight');
    expect(await other.adopt('print', 'job-2', 'up-2')).toBe('adopted');
    await one.end('print', 'job-2', null);
    await one.end('print', 'job-2', null);
    expect(await other.adopt('print', 'job-3', 'up-1')).toBe('adopted');
  });

  it('tells of a request that is taken, and repeats an adoption, also while a POST is in flight', async () => {
    await using opened = await open(new FakeClock());
    const { one, other } = opened;
    expect(await one.adopt('print', 'job-1', 'up-1')).toBe('adopted');
    await one.begin('print', 'job-2');
    expect(await other.adopt('print', 'job-3', 'up-1')).toBe('taken');
    expect(await other.adopt('print', 'job-1', 'up-1')).toBe('adopted');
  });

  it('is in flight again when it is begun again', async () => {
    await using opened = await open(new FakeClock());
    const { one, other } = opened;
    await one.begin('print', 'job-1');
    await one.end('print', 'job-1', null);
    await one.begin('print', 'job-1');
    expect(await other.adopt('print', 'job-2', 'up-1')).toBe('in-flight');
  });

  it('takes fingerprints, job ids and upstream ids of any form', async () => {
    await using opened = await open(new FakeClock());
    for (const text of ["a'b", '{a}:b', 'a b', '猫', '__proto__']) {
      await opened.one.begin(text, 'job-1');
      expect(await opened.other.adopt(text, 'job-2', `${text}-1`)).toBe('in-flight');
      await opened.one.end(text, 'job-1', `${text}-1`);
      expect(await opened.other.adopt(text, 'job-2', `${text}-1`)).toBe('taken');
    }
  });
}

/** Runs the cases of a store that takes its time from the clock that it is given. */
export function submissionsMemoryCases(open: (clock: FakeClock) => Promise<OpenedSubmissions>): void {
  it('remembers for longer than a job can be unfinished, and takes a POST without an end for over then', async () => {
    const clock = new FakeClock();
    await using opened = await open(clock);
    const { one, other } = opened;
    await one.begin('print', 'job-1');
    await one.end('another', 'job-2', 'up-2');
    clock.jump(SUBMISSION_MEMORY_MS - 1);
    expect(await other.adopt('print', 'job-3', 'up-1')).toBe('in-flight');
    expect(await other.adopt('another', 'job-3', 'up-2')).toBe('taken');
    clock.jump(1);
    expect(await other.adopt('print', 'job-3', 'up-1')).toBe('adopted');
  });
}

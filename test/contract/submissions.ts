/** The contract of the Submissions port. */
import { expect, it } from 'vitest';
import { SUBMISSION_MEMORY_MS, type Submissions } from '../../src/store/submissions.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** Two instances on one empty store. */
export interface OpenedSubmissions extends AsyncDisposable {
  readonly one: Submissions;
  readonly other: Submissions;
}

/** Runs the cases on an adapter. */
export function submissionsCases(open: (clock: FakeClock) => Promise<OpenedSubmissions>): void {
  it('assigns a request from the history to the first job that asks, and to no other', async () => {
    await using opened = await open(new FakeClock());
    const { one, other } = opened;
    expect(await one.adopt('print', 'job-1', 'up-1')).toBe('adopted');
    expect(await other.adopt('print', 'job-2', 'up-1')).toBe('taken');
    expect(await one.adopt('print', 'job-2', 'up-1')).toBe('taken');
    expect(await other.adopt('print', 'job-2', 'up-2')).toBe('adopted');
  });

  it('returns adopted for a repeated adoption', async () => {
    await using opened = await open(new FakeClock());
    for (const submissions of [opened.one, opened.other, opened.one]) {
      expect(await submissions.adopt('print', 'job-1', 'up-1')).toBe('adopted');
    }
  });

  it('assigns one request to one of many concurrent jobs', async () => {
    await using opened = await open(new FakeClock());
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        (i % 2 === 0 ? opened.one : opened.other).adopt('print', `job-${i}`, 'up-1'),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'adopted')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'taken')).toHaveLength(19);
  });

  it("assigns no request that answered another job's POST", async () => {
    await using opened = await open(new FakeClock());
    const { one, other } = opened;
    await one.begin('print', 'job-1');
    await one.end('print', 'job-1', 'up-1');
    await one.end('print', 'job-1', 'up-1');
    expect(await other.adopt('print', 'job-2', 'up-1')).toBe('taken');
    expect(await other.adopt('print', 'job-1', 'up-1')).toBe('adopted');
    expect(await other.adopt('print', 'job-2', 'up-2')).toBe('adopted');
  });

  it('keeps an answer also when the begin was lost', async () => {
    await using opened = await open(new FakeClock());
    await opened.one.end('print', 'job-1', 'up-1');
    expect(await opened.other.adopt('print', 'job-2', 'up-1')).toBe('taken');
  });

  it('waits for other POSTs with equal inputs, but not for its own or for other inputs', async () => {
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

  it('returns taken, and repeats an adoption, also while a POST is in flight', async () => {
    await using opened = await open(new FakeClock());
    const { one, other } = opened;
    expect(await one.adopt('print', 'job-1', 'up-1')).toBe('adopted');
    await one.begin('print', 'job-2');
    expect(await other.adopt('print', 'job-3', 'up-1')).toBe('taken');
    expect(await other.adopt('print', 'job-1', 'up-1')).toBe('adopted');
  });

  it('is in flight again after another begin', async () => {
    await using opened = await open(new FakeClock());
    const { one, other } = opened;
    await one.begin('print', 'job-1');
    await one.end('print', 'job-1', null);
    await one.begin('print', 'job-1');
    expect(await other.adopt('print', 'job-2', 'up-1')).toBe('in-flight');
  });

  it('accepts fingerprints, job ids and upstream ids with any characters', async () => {
    await using opened = await open(new FakeClock());
    for (const text of ["a'b", '{a}:b', 'a b', '猫', '__proto__']) {
      await opened.one.begin(text, 'job-1');
      expect(await opened.other.adopt(text, 'job-2', `${text}-1`)).toBe('in-flight');
      await opened.one.end(text, 'job-1', `${text}-1`);
      expect(await opened.other.adopt(text, 'job-2', `${text}-1`)).toBe('taken');
    }
  });
}

/** Runs the cases of a store with an injected clock. */
export function submissionsMemoryCases(open: (clock: FakeClock) => Promise<OpenedSubmissions>): void {
  it('keeps entries longer than a job can be unfinished; a POST without an end has ended then', async () => {
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

import { describe, expect, test } from 'vitest';
import {
  nextSample,
  progressAt,
  progressPath,
  type ProgressSample,
} from '../../console/src/jobs/progress-estimate.ts';

const NOW = 1_800_000_000_000;

function sample(change: Partial<ProgressSample> = {}): ProgressSample {
  return { progress: 0.2, estimatedCompletionAt: NOW + 10_000, at: NOW, ...change };
}

describe('progressAt', () => {
  test.each([
    [0, 0.2],
    [5000, 0.575],
    [10_000, 0.95],
    [20_000, 0.98],
    [50_000, 0.995],
    [1_000_000, 0.995],
  ])('%i ms after the sample it is %f', (ms, progress) => {
    expect(progressAt(sample(), NOW + ms)).toBeCloseTo(progress, 10);
  });

  test('never falls, and is never full', () => {
    let last = 0;
    for (let ms = 0; ms < 120_000; ms += 100) {
      const progress = progressAt(sample(), NOW + ms);
      expect(progress).toBeGreaterThanOrEqual(last);
      expect(progress).toBeLessThan(1);
      last = progress;
    }
  });

  test('stands still while nothing is known of the end', () => {
    expect(progressAt(sample({ estimatedCompletionAt: null }), NOW + 60_000)).toBe(0.2);
  });

  test('goes on slowly when the estimated end is past already', () => {
    const late = sample({ estimatedCompletionAt: NOW - 5000, progress: 0.5 });
    expect(progressAt(late, NOW + 500)).toBeCloseTo(0.725, 10);
    expect(progressAt(late, NOW + 1000)).toBeCloseTo(0.95, 10);
  });

  test('of a time before the sample is that of the sample', () => {
    expect(progressAt(sample(), NOW - 60_000)).toBe(0.2);
  });

  test('stays where it is when it is past where the estimate would put it', () => {
    expect(progressAt(sample({ progress: 0.999 }), NOW + 60_000)).toBe(0.999);
  });
});

test('the path of a job that is done is one point', () => {
  expect(progressPath(sample({ progress: 1 }))).toEqual([{ afterMs: 0, progress: 1 }]);
});

describe('nextSample', () => {
  test('is what was told, when it is the first', () => {
    expect(nextSample(null, sample())).toEqual(sample());
  });

  test('goes on from where the bar is when less is told', () => {
    const told = sample({ progress: 0.3, at: NOW + 5000, estimatedCompletionAt: NOW + 30_000 });
    const next = nextSample(sample(), told);
    expect(next.progress).toBeCloseTo(0.575, 10);
    expect(next).toEqual({ ...told, progress: next.progress });
  });

  test('leaps to what is told when that is more', () => {
    expect(nextSample(sample(), sample({ progress: 0.8, at: NOW + 5000 })).progress).toBe(0.8);
  });
});

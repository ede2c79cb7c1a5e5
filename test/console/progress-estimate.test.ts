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

  test('never decreases and never reaches 1', () => {
    let last = 0;
    for (let ms = 0; ms < 120_000; ms += 100) {
      const progress = progressAt(sample(), NOW + ms);
      expect(progress).toBeGreaterThanOrEqual(last);
      expect(progress).toBeLessThan(1);
      last = progress;
    }
  });

  test('does not change without an estimated end', () => {
    expect(progressAt(sample({ estimatedCompletionAt: null }), NOW + 60_000)).toBe(0.2);
  });

  test('continues slowly when the estimated end has passed', () => {
    const late = sample({ estimatedCompletionAt: NOW - 5000, progress: 0.5 });
    expect(progressAt(late, NOW + 500)).toBeCloseTo(0.725, 10);
    expect(progressAt(late, NOW + 1000)).toBeCloseTo(0.95, 10);
  });

  test('is the sample’s progress before the time of the sample', () => {
    expect(progressAt(sample(), NOW - 60_000)).toBe(0.2);
  });

  test('does not fall back to the estimate', () => {
    expect(progressAt(sample({ progress: 0.999 }), NOW + 60_000)).toBe(0.999);
  });
});

test('the path of a completed job is one point', () => {
  expect(progressPath(sample({ progress: 1 }))).toEqual([{ afterMs: 0, progress: 1 }]);
});

describe('nextSample', () => {
  test('is the first sample as it is', () => {
    expect(nextSample(null, sample())).toEqual(sample());
  });

  test('continues from the bar when the new progress is less', () => {
    const newer = sample({ progress: 0.3, at: NOW + 5000, estimatedCompletionAt: NOW + 30_000 });
    const next = nextSample(sample(), newer);
    expect(next.progress).toBeCloseTo(0.575, 10);
    expect(next).toEqual({ ...newer, progress: next.progress });
  });

  test('jumps to the new progress when it is more', () => {
    expect(nextSample(sample(), sample({ progress: 0.8, at: NOW + 5000 })).progress).toBe(0.8);
  });
});

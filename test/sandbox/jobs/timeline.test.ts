import { array, assert, double, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readModelInput } from '../../../packages/sandbox/src/jobs/model-input.ts';
import type { ModelInput } from '../../../packages/sandbox/src/jobs/model-input.ts';
import { drawTimeline } from '../../../packages/sandbox/src/jobs/timeline.ts';

function inputWith(fields: Partial<ModelInput> = {}): ModelInput {
  const read = readModelInput({ image: 'https://example.com/a.png', prompt: 'A fox', ...fields });
  if ('error' in read) throw new Error(read.error);
  return read.input;
}

/** Numerical Recipes' linear congruential generator: the same numbers in every run. */
function generator(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function draws(count: number, options: Partial<Parameters<typeof drawTimeline>[0]> = {}) {
  const random = generator();
  const timelines = Array.from({ length: count }, () =>
    drawTimeline({ now: 0, random, speed: 1, input: inputWith(), ...options }),
  );
  const runs = timelines.map(({ startsAt, endsAt }) => (endsAt ?? Number.NaN) - startsAt);
  const mean = runs.reduce((sum, run) => sum + run, 0) / count;
  const spread = Math.sqrt(runs.reduce((sum, run) => sum + (run - mean) ** 2, 0) / count) / mean;
  const queue = timelines.reduce((sum, { startsAt }) => sum + startsAt, 0) / count;
  return { mean, spread, queue };
}

describe('drawTimeline', () => {
  it('takes about 8 s in total, with a spread of an eighth', () => {
    const { mean, spread, queue } = draws(4_000);
    expect(queue).toBeGreaterThan(770);
    expect(queue).toBeLessThan(830);
    expect(mean).toBeGreaterThan(7_100);
    expect(mean).toBeLessThan(7_300);
    expect(spread).toBeGreaterThan(0.11);
    expect(spread).toBeLessThan(0.13);
  });

  it('is faster by the speed', () => {
    const { mean, queue } = draws(4_000, { speed: 10 });
    expect(mean).toBeCloseTo(720, -1);
    expect(queue).toBeCloseTo(80, -1);
  });

  it('takes longer for more steps, seconds and pixels', () => {
    const usual = draws(200).mean;
    for (const more of [{ steps: 60 }, { video_length: 5 }, { resolution: 576 as const }]) {
      const longer = draws(200, { input: inputWith(more) }).mean;
      expect(longer).toBeGreaterThan(usual * 1.1);
      expect(longer).toBeLessThan(usual * 1.5);
    }
  });

  it('detects invalid input at once', () => {
    expect(draws(10, { input: null, endless: true }).mean).toBe(200);
  });

  it('can be slower or endless', () => {
    expect(draws(200, { slowdown: 5 }).mean / draws(200).mean).toBeCloseTo(5, 2);
    expect(
      drawTimeline({ now: 0, random: generator(), speed: 1, input: inputWith(), endless: true }).endsAt,
    ).toBeNull();
  });

  it('never runs backwards, whatever the random numbers', () => {
    const unit = double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    assert(
      property(
        array(unit, { minLength: 4, maxLength: 4 }),
        double({ min: 0.01, max: 1e6, noNaN: true }),
        (numbers, speed) => {
          const left = [...numbers];
          const { startsAt, endsAt } = drawTimeline({
            now: 1e12,
            random: () => left.shift() ?? 0,
            speed,
            input: inputWith(),
          });
          expect(startsAt).toBeGreaterThanOrEqual(1e12);
          expect(endsAt).toBeGreaterThanOrEqual(startsAt);
          expect(endsAt).toSatisfy(Number.isSafeInteger);
        },
      ),
    );
  });
});

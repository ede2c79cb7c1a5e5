import { describe, expect, it } from 'vitest';
import { lognormal, seeded } from '../../../bench/polling/chance.ts';
import {
  addDuration,
  type DurationSample,
  type DurationStats,
  expectDurations,
  expectedWithin,
  type GroupMoments,
  queueSamples,
  runSamples,
} from '../../../src/domain/polling/duration-model.ts';
import { videoRequest } from '../../support/jobs.ts';

const TYPICAL_MS = 53_000;
const SHORT = videoRequest({ videoLength: 1 });
const USUAL = videoRequest();
const LONG = videoRequest({ videoLength: 5 });

/** Jobs whose durations are known exactly. */
class School {
  readonly stats = new Map<string, GroupMoments>();

  expected(request = USUAL) {
    return expectDurations(this.stats, request, TYPICAL_MS);
  }

  run(runMs: number, request = USUAL): void {
    this.learn(runSamples(this.expected(request), request, { low: runMs, high: runMs }, null));
  }

  learn(samples: readonly DurationSample[]): void {
    for (const { group, moments } of samples) {
      this.stats.set(group, addDuration(this.stats.get(group), moments));
    }
  }
}

describe('the expected duration', () => {
  it('is wide around the typical time at first', () => {
    const { queue, run } = expectDurations(new Map(), USUAL, TYPICAL_MS);
    expect(queue.median + run.median).toBeCloseTo(TYPICAL_MS, 6);
    expect(run.main.sigma).toBeGreaterThan(0.6);
    expect(queue.main.sigma).toBeGreaterThan(1);
  });

  it.each([0.05, 0.1, 0.35, 0.6])('matches 60 jobs with a spread of %f', (sigma) => {
    const school = new School();
    const random = seeded(7);
    for (let job = 0; job < 60; job += 1) school.run(lognormal(random, Math.log(30_000), sigma));
    const { run } = school.expected();
    // 40 effective durations: four standard errors of each figure.
    expect(Math.abs(run.main.mu - Math.log(30_000))).toBeLessThan((4 * sigma) / Math.sqrt(40));
    expect(run.main.sigma / sigma).toBeGreaterThan(0.65);
    expect(run.main.sigma / sigma).toBeLessThan(1.55);
  });

  it('is narrower after more jobs', () => {
    const school = new School();
    const random = seeded(3);
    const spreads: number[] = [];
    for (let job = 0; job < 30; job += 1) {
      if (job % 6 === 0) spreads.push(school.expected().run.main.sigma);
      school.run(lognormal(random, Math.log(30_000), 0.1));
    }
    expect(spreads).toEqual(spreads.toSorted((a, b) => b - a));
  });

  it('of a new group follows jobs of other lengths, and later its own', () => {
    const school = new School();
    for (let job = 0; job < 40; job += 1) school.run(60_000, LONG);
    expect(school.expected(SHORT).run.median).toBeGreaterThan(50_000);
    school.run(20_000, SHORT);
    expect(school.expected(SHORT).run.median).toBeLessThan(45_000);
    for (let job = 0; job < 20; job += 1) school.run(20_000, SHORT);
    expect(school.expected(SHORT).run.median).toBeLessThan(22_000);
    expect(school.expected(LONG).run.median).toBeGreaterThan(57_000);
  });

  it('of a group with other steps follows all jobs', () => {
    const school = new School();
    for (let job = 0; job < 40; job += 1) school.run(20_000);
    expect(school.expected(videoRequest({ resolution: 576, steps: 70 })).run.median).toBeLessThan(25_000);
  });

  it.each([0.5, 2])('follows a drift to %f times the duration within tens of jobs', (factor) => {
    const school = new School();
    const random = seeded(5);
    for (let job = 0; job < 100; job += 1) school.run(lognormal(random, Math.log(50_000), 0.1));
    for (let job = 0; job < 60; job += 1) school.run(lognormal(random, Math.log(50_000 * factor), 0.1));
    const { median } = school.expected().run;
    expect(Math.abs(Math.log(median / (50_000 * factor)))).toBeLessThan(Math.abs(Math.log(factor)) / 3);
  });

  it('keeps the queue apart from the run', () => {
    const school = new School();
    for (let job = 0; job < 40; job += 1) {
      school.learn(queueSamples(school.expected(), { low: 9900, high: 10_100 }));
      school.run(30_000);
    }
    const { queue, run } = school.expected();
    expect(queue.median / 10_000).toBeGreaterThan(0.9);
    expect(run.median / 30_000).toBeCloseTo(1, 1);
  });

  it('keeps some variance after perfectly regular jobs', () => {
    const school = new School();
    for (let job = 0; job < 1000; job += 1) school.run(50_000);
    const { mu, sigma } = school.expected().run.main;
    expect(mu).toBeCloseTo(Math.log(50_000), 2);
    expect(sigma).toBeGreaterThanOrEqual(0.03);
    expect(sigma).toBeLessThan(0.1);
  });
});

describe('the sample of a bracket', () => {
  it('is the spread of the durations, not that of the brackets', () => {
    const school = new School();
    const random = seeded(11);
    for (let job = 0; job < 200; job += 1) {
      const runMs = lognormal(random, Math.log(50_000), 0.1);
      const low = Math.floor(runMs / 4000) * 4000;
      school.learn(runSamples(school.expected(), USUAL, { low, high: low + 4000 }, null));
    }
    const { run } = school.expected();
    expect(run.main.sigma).toBeGreaterThan(0.07);
    expect(run.main.sigma).toBeLessThan(0.14);
    expect(run.median / 50_000).toBeCloseTo(1, 1);
  });

  it('changes almost nothing when the bracket is very wide', () => {
    const school = new School();
    for (let job = 0; job < 40; job += 1) school.run(50_000);
    const before = school.expected().run.main;
    school.learn(runSamples(school.expected(), USUAL, { low: 0, high: 3_600_000 }, null));
    const after = school.expected().run.main;
    expect(after.mu).toBeCloseTo(before.mu, 1);
    expect(after.sigma / before.sigma).toBeLessThan(1.5);
  });

  it('is the upstream’s figure when that is within the bracket, else the expected duration', () => {
    const { run } = expectDurations(new Map(), USUAL, TYPICAL_MS);
    const bracket = { low: 40_000, high: 50_000 };
    const learned = (toldMs: number | null) => {
      const samples = runSamples({ run, queue: run }, USUAL, bracket, toldMs);
      expect(samples.map(({ group }) => group)).toEqual(['run', 'run 480 * 30', 'run 480 3 30']);
      return Math.exp(samples[0]?.moments.mean ?? 0);
    };
    expect(learned(43_210)).toBeCloseTo(43_210, 4);
    for (const untrue of [0, 13_060, 99_000]) expect(learned(untrue)).toBe(learned(null));
    expect(learned(null)).toBeGreaterThan(40_000);
    expect(learned(null)).toBeLessThan(50_000);
  });

  it('is the middle of a nearly impossible bracket', () => {
    const stats: DurationStats = new Map();
    const { queue } = expectDurations(stats, USUAL, TYPICAL_MS);
    expect(expectedWithin(queue, { low: 0, high: 0 })).toBeCloseTo(1, 6);
    expect(expectedWithin(queue, { low: 3e18, high: 3e18 })).toBeCloseTo(3e18, -10);
  });
});

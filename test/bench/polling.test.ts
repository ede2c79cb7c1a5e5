import { describe, expect, it } from 'vitest';
import { seeded } from '../../bench/polling/chance.ts';
import { every, exponentialBackoff, learnedPlan } from '../../bench/polling/policies.ts';
import { SCENARIOS } from '../../bench/polling/scenarios.ts';
import { type MakePolicy, ratio, simulate, type Scenario } from '../../bench/polling/simulation.ts';
import { endOnlyPollDelayMs } from '../../src/domain/polling/poll-plan.ts';

const SEEDS = [1, 2];
const POLICIES = {
  learned: (seed, typicalMs) => learnedPlan(seeded(seed), typicalMs),
  endsOnly: (seed, typicalMs) => learnedPlan(seeded(seed), typicalMs, endOnlyPollDelayMs),
  everyTwoSeconds: () => every(2000),
} satisfies Record<string, MakePolicy>;

function scenario(name: string): Scenario {
  const found = SCENARIOS.find((one) => one.name === name);
  if (found === undefined) throw new Error(`There is no scenario ${name}.`);
  return found;
}

const runs = new Map<string, ReturnType<typeof simulate>>();

/** Simulates the first jobs of a scenario, once for all tests. */
function run(name: string, policy: keyof typeof POLICIES, most = 300): ReturnType<typeof simulate> {
  const key = `${name}, ${policy}, ${most}`;
  const known = runs.get(key);
  if (known !== undefined) return known;
  const short = { ...scenario(name), jobs: Math.min(most, scenario(name).jobs) };
  const result = simulate(short, POLICIES[policy], SEEDS);
  runs.set(key, result);
  return result;
}

describe('the learned plan, simulated', () => {
  it.each([
    ['steady, spread 0.1', 0.25],
    ['steady, spread 0.2', 0.4],
    ['steady, spread 0.35', 0.65],
  ])('%s: makes at most %f of the polls of every 2 seconds at the same delay', (name, most) => {
    const ours = run(name, 'learned', 1000);
    expect(ratio(ours, run(name, 'everyTwoSeconds', 1000))).toBeLessThanOrEqual(most);
    expect(ours.meanDelayMs).toBeLessThan(1100);
  });

  it.each(SCENARIOS.map(({ name }) => name))(
    '%s: makes no more polls than every 2 seconds, nor more at the same delay',
    (name) => {
      const [ours, fixed] = [run(name, 'learned'), run(name, 'everyTwoSeconds')];
      expect(ours.pollsAJob).toBeLessThanOrEqual(fixed.pollsAJob * 1.001);
      expect(ratio(ours, fixed)).toBeLessThan(1);
    },
  );

  it.each(SCENARIOS.filter(({ rpm }) => rpm === 0).map(({ name }) => name))(
    '%s: shows PROCESSING in time for nine of ten jobs, at the cost of at most 1.2 polls and 0.1 s',
    (name) => {
      const [ours, without] = [run(name, 'learned'), run(name, 'endsOnly')];
      expect(ours.startsShown).toBeGreaterThanOrEqual(0.9);
      expect(ours.pollsAJob - without.pollsAJob).toBeLessThanOrEqual(1.2);
      expect(ours.meanDelayMs - without.meanDelayMs).toBeLessThanOrEqual(100);
    },
  );

  it.each(SCENARIOS.filter(({ rpm }) => rpm > 0).map(({ name }) => name))(
    '%s: makes no additional polls, because the budget is the limit, and sees the ends no later',
    (name) => {
      const [ours, without] = [run(name, 'learned'), run(name, 'endsOnly')];
      expect(ours.pollsAJob - without.pollsAJob).toBeLessThan(0.05);
      expect(ours.meanDelayMs).toBeLessThanOrEqual(1.05 * without.meanDelayMs);
    },
  );

  it.each([50, 60])('with %i calls a minute, has less than half the delay of every 2 seconds', (rpm) => {
    const busy = { ...scenario('50 calls a minute, 8 jobs a minute'), jobs: 300, rpm };
    const ours = simulate(busy, POLICIES.learned, SEEDS);
    const fixed = simulate(busy, POLICIES.everyTwoSeconds, SEEDS);
    expect(ours.meanDelayMs / fixed.meanDelayMs).toBeLessThan(0.5);
    expect(ours.callsAMinute).toBeLessThanOrEqual(rpm);
  });

  it('measures the other policies: half an interval of delay, and far more with backoff', () => {
    const steady = { ...scenario('steady, spread 0.35'), jobs: 500 };
    const [two, one, backoff] = [() => every(2000), () => every(1000), exponentialBackoff].map((policy) =>
      simulate(steady, policy, SEEDS),
    );
    expect(two?.meanDelayMs).toBeGreaterThan(950);
    expect(two?.meanDelayMs).toBeLessThan(1050);
    expect(one?.meanDelayMs).toBeGreaterThan(470);
    expect(one?.meanDelayMs).toBeLessThan(530);
    expect(two?.pollsAJob).toBeGreaterThan(26);
    expect(two?.pollsAJob).toBeLessThan(28);
    expect(backoff?.meanDelayMs).toBeGreaterThan(10_000);
  });
});

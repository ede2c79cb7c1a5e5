import { describe, expect, it } from 'vitest';
import { seeded } from '../../bench/polling/chance.ts';
import { every, exponentialBackoff, learnedPlan } from '../../bench/polling/policies.ts';
import { endOnlyPollDelayMs } from '../../src/domain/polling/poll-plan.ts';
import { SCENARIOS } from '../../bench/polling/scenarios.ts';
import { type MakePolicy, ratio, simulate, type Scenario } from '../../bench/polling/simulation.ts';

const SEEDS = [1, 2];
const learned: MakePolicy = (seed, typicalMs) => learnedPlan(seeded(seed), typicalMs);
const endsOnly: MakePolicy = (seed, typicalMs) => learnedPlan(seeded(seed), typicalMs, endOnlyPollDelayMs);

function scenario(name: string): Scenario {
  const found = SCENARIOS.find((one) => one.name === name);
  if (found === undefined) throw new Error(`There is no scenario ${name}.`);
  return found;
}

describe('the learned plan, simulated', () => {
  it.each([
    ['steady, spread 0.1', 0.25],
    ['steady, spread 0.2', 0.4],
    ['steady, spread 0.35', 0.65],
  ])('%s: makes at most %f of the polls of every 2 seconds at the same delay', (name, most) => {
    const ours = simulate(scenario(name), learned, SEEDS);
    expect(
      ratio(
        ours,
        simulate(scenario(name), () => every(2000), SEEDS),
      ),
    ).toBeLessThanOrEqual(most);
    expect(ours.meanDelayMs).toBeLessThan(1100);
  });

  it.each(SCENARIOS.map(({ name }) => name))(
    '%s: makes no more polls than every 2 seconds, nor more at the same delay',
    (name) => {
      const short = { ...scenario(name), jobs: Math.min(300, scenario(name).jobs) };
      const ours = simulate(short, learned, SEEDS);
      const fixed = simulate(short, () => every(2000), SEEDS);
      expect(ours.pollsAJob).toBeLessThanOrEqual(fixed.pollsAJob * 1.001);
      expect(ratio(ours, fixed)).toBeLessThan(1);
    },
  );

  it.each(SCENARIOS.filter(({ rpm }) => rpm === 0).map(({ name }) => name))(
    '%s: shows PROCESSING in time for nine of ten jobs, by at most 1.2 additional polls and 0.1 s of delay',
    (name) => {
      const short = { ...scenario(name), jobs: Math.min(300, scenario(name).jobs) };
      const ours = simulate(short, learned, SEEDS);
      const without = simulate(short, endsOnly, SEEDS);
      expect(ours.startsShown).toBeGreaterThanOrEqual(0.9);
      expect(ours.pollsAJob - without.pollsAJob).toBeLessThanOrEqual(1.2);
      expect(ours.meanDelayMs - without.meanDelayMs).toBeLessThanOrEqual(100);
    },
  );

  it.each(SCENARIOS.filter(({ rpm }) => rpm > 0).map(({ name }) => name))(
    '%s: makes no additional polls, as the budget binds, and sees the ends no later',
    (name) => {
      const short = { ...scenario(name), jobs: 300 };
      const ours = simulate(short, learned, SEEDS);
      const without = simulate(short, endsOnly, SEEDS);
      expect(ours.pollsAJob - without.pollsAJob).toBeLessThan(0.05);
      expect(ours.meanDelayMs).toBeLessThanOrEqual(1.05 * without.meanDelayMs);
    },
  );

  it.each([50, 60])('halves the delay of every 2 seconds queueing for the same %i calls a minute', (rpm) => {
    const busy = { ...scenario('50 calls a minute, 8 jobs a minute'), jobs: 400, rpm };
    const ours = simulate(busy, learned, SEEDS);
    const fixed = simulate(busy, () => every(2000), SEEDS);
    expect(ours.meanDelayMs / fixed.meanDelayMs).toBeLessThan(0.5);
    expect(ours.callsAMinute).toBeLessThanOrEqual(rpm);
  });

  it('measures the others as they are: half an interval of delay, or far more with backoff', () => {
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

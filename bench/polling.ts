/**
 * How many polls the learned plan makes and how late it notices, against what is usually done, on simulated jobs with a
 * virtual clock. Prints a table in Markdown and draws docs/polling.svg. Usage: npm run bench:polling
 */
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { endOnlyPollDelayMs } from '../src/domain/polling/poll-plan.ts';
import { seeded } from './polling/chance.ts';
import { plot } from './polling/plot.ts';
import { every, exponentialBackoff, learnedPlan } from './polling/policies.ts';
import { SCENARIOS } from './polling/scenarios.ts';
import { type MakePolicy, type Outcome, ratio, simulate } from './polling/simulation.ts';

const SEEDS = [1, 2, 3, 4];
const learned: MakePolicy = (seed, typicalMs) => learnedPlan(seeded(seed), typicalMs);
const endsOnly: MakePolicy = (seed, typicalMs) => learnedPlan(seeded(seed), typicalMs, endOnlyPollDelayMs);
const POLICIES: readonly MakePolicy[] = [learned, () => every(2000), () => every(1000), exponentialBackoff];

/** polls a job · mean delay · 95th percentile of the delays · calls a minute */
function figures({ pollsAJob, meanDelayMs, p95DelayMs, callsAMinute }: Outcome): string {
  const seconds = [meanDelayMs, p95DelayMs].map((ms) => `${(ms / 1000).toFixed(1)} s`);
  return [pollsAJob.toFixed(1), ...seconds, callsAMinute.toFixed(0)].join(' · ');
}

/** share of the beginnings that were shown in time · additional polls a job */
function beginnings(ours: Outcome, without: Outcome): string {
  const additional = Math.max(0, ours.pollsAJob - without.pollsAJob);
  return `${Math.round(100 * ours.startsShown)} % · ${additional.toFixed(1)}`;
}

const names = POLICIES.map((policy) => policy(0, 0).name);
const lines = [
  `| scenario | ${names.join(' | ')} | PROCESSING seen in time | polls left at the same delay |`,
  `| --- |${' --- |'.repeat(names.length)} --- | ---: |`,
];
const bars = SCENARIOS.map((scenario) => {
  const outcomes = POLICIES.map((policy) => simulate(scenario, policy, SEEDS));
  const [ours, reference] = outcomes;
  if (ours === undefined || reference === undefined) throw new Error('There is no policy to compare with.');
  const value = ratio(ours, reference);
  const seen = beginnings(ours, simulate(scenario, endsOnly, SEEDS));
  lines.push(
    `| ${scenario.name} | ${outcomes.map(figures).join(' | ')} | ${seen} | **${value.toFixed(2)}** |`,
  );
  return { label: scenario.name, value };
});
process.stdout.write(`${lines.join('\n')}\n`);
writeFileSync(new URL('../docs/polling.svg', import.meta.url), plot(bars));

/**
 * Compares the polls and delays of the learned plan with common policies, on simulated jobs with a virtual clock. Prints a table in
 * Markdown and draws docs/polling.svg. Usage: npm run bench:polling
 */
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { endOnlyPollDelayMs } from '../src/domain/polling/poll-plan.ts';
import { seeded } from './polling/chance.ts';
import { every, exponentialBackoff, learnedPlan } from './polling/policies.ts';
import { SCENARIOS } from './polling/scenarios.ts';
import { type MakePolicy, type Outcome, ratio, simulate } from './polling/simulation.ts';

const SEEDS = [1, 2, 3, 4];
const learned: MakePolicy = (seed, typicalMs) => learnedPlan(seeded(seed), typicalMs);
const endsOnly: MakePolicy = (seed, typicalMs) => learnedPlan(seeded(seed), typicalMs, endOnlyPollDelayMs);
const POLICIES: readonly MakePolicy[] = [learned, () => every(2000), () => every(1000), exponentialBackoff];

/** A bar of a chart. */
interface Bar {
  readonly label: string;
  /** From 0 to 1. */
  readonly value: number;
}

const WIDTH = 760;
const LABELS = 290;
const SCALE = 380;
const ROW = 26;
const TOP = 64;

/** polls per job · mean delay · 95th percentile of the delays · calls per minute */
function figures({ pollsAJob, meanDelayMs, p95DelayMs, callsAMinute }: Outcome): string {
  const seconds = [meanDelayMs, p95DelayMs].map((ms) => `${(ms / 1000).toFixed(1)} s`);
  return [pollsAJob.toFixed(1), ...seconds, callsAMinute.toFixed(0)].join(' · ');
}

/** share of the starts that were observed in time · additional polls per job */
function starts(ours: Outcome, without: Outcome): string {
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
  if (ours === undefined || reference === undefined) throw new Error('POLICIES needs at least two policies.');
  const value = ratio(ours, reference);
  const seen = starts(ours, simulate(scenario, endsOnly, SEEDS));
  lines.push(
    `| ${scenario.name} | ${outcomes.map(figures).join(' | ')} | ${seen} | **${value.toFixed(2)}** |`,
  );
  return { label: scenario.name, value };
});
process.stdout.write(`${lines.join('\n')}\n`);
writeFileSync(new URL('../docs/polling.svg', import.meta.url), plot(bars));

/** Draws the ratio to the fixed interval per scenario as an SVG bar chart. */
function plot(values: readonly Bar[]): string {
  const height = TOP + values.length * ROW + 24;
  const rows = values.map(({ label, value }, index) => {
    const y = TOP + index * ROW;
    const width = (value * SCALE).toFixed(1);
    return [
      `<text x="${LABELS - 10}" y="${y + 15}" text-anchor="end">${label}</text>`,
      `<rect x="${LABELS}" y="${y + 2}" width="${width}" height="18" rx="2" fill="#2f7ebd"/>`,
      `<text x="${LABELS + value * SCALE + 6}" y="${y + 15}" font-weight="600">${value.toFixed(2)}</text>`,
    ].join('\n');
  });
  const full = LABELS + SCALE;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, sans-serif" font-size="13" fill="#1f2328" role="img" aria-label="Polls times delay of the learned plan, as a share of polling every 2 seconds">
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
<text x="16" y="24" font-size="15" font-weight="600">Polls of the learned plan at the same mean delay, as a share of polling every 2 s</text>
<text x="${full}" y="${TOP - 12}" text-anchor="middle" fill="#656d76">every 2 s = 1</text>
<line x1="${full}" y1="${TOP - 6}" x2="${full}" y2="${height - 18}" stroke="#656d76" stroke-dasharray="4 3"/>
${rows.join('\n')}
<line x1="${LABELS}" y1="${TOP - 6}" x2="${LABELS}" y2="${height - 18}" stroke="#656d76"/>
</svg>
`;
}

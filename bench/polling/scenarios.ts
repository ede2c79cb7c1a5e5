import { spread } from './chance.ts';
import type { Scenario } from './simulation.ts';

type Draw = Scenario['runMs'];

/** The vendor's page gives 53 s per job; about 1.5 s of it is assumed to be queue time. */
const QUEUE: Draw = (random) => spread(random, 1500, 0.5);
const runOf =
  (meanMs: number, cv: number): Draw =>
  (random) =>
    spread(random, meanMs, cv);
const TYPICAL_RUN_MS = 51_500;

const steady = (cv: number): Scenario => ({
  name: `steady, spread ${cv}`,
  jobs: 1000,
  jobsAMinute: 6,
  countedFrom: 50,
  queueMs: QUEUE,
  runMs: runOf(TYPICAL_RUN_MS, cv),
  rpm: 0,
  typicalMs: 53_380,
});

/** Jobs of the sandbox. */
const sandbox: Scenario = {
  ...steady(0.12),
  name: 'sandbox, 8 s jobs',
  queueMs: (random) => spread(random, 800, 0.3),
  runMs: runOf(7200, 0.12),
  typicalMs: 8000,
  tellsTimes: true,
};

/** The scenarios of the comparison. Each counts all jobs from the 51st on, including those during a drift. */
export const SCENARIOS: readonly Scenario[] = [
  ...[0.05, 0.1, 0.2, 0.35, 0.6].map(steady),
  { ...steady(0.2), name: 'cold start at 15 s', jobs: 150, runMs: runOf(13_500, 0.2) },
  { ...steady(0.2), name: 'cold start at 240 s', jobs: 150, runMs: runOf(238_500, 0.2) },
  {
    ...steady(0.2),
    name: 'durations double',
    jobs: 400,
    runMs: (random, index) => spread(random, index < 100 ? TYPICAL_RUN_MS : 2 * TYPICAL_RUN_MS, 0.2),
  },
  {
    ...steady(0.2),
    name: 'durations halve',
    jobs: 400,
    runMs: (random, index) => spread(random, index < 100 ? TYPICAL_RUN_MS : TYPICAL_RUN_MS / 2, 0.2),
  },
  {
    ...steady(0.1),
    name: 'three lengths mixed',
    videoLength: (index) => [1, 3, 5][index % 3] ?? 3,
    runMs: (random, index) => spread(random, [30_000, 51_500, 80_000][index % 3] ?? 0, 0.1),
  },
  {
    ...steady(0.2),
    name: 'waits of a minute',
    queueMs: (random) => spread(random, 60_000, 1),
  },
  sandbox,
  { ...sandbox, name: 'sandbox, without times in the metrics', tellsTimes: false },
  { ...steady(0.2), name: '50 calls a minute, 8 jobs a minute', jobsAMinute: 8, inStep: true, rpm: 50 },
  { ...steady(0.2), name: '5 calls a minute, a job every 3 minutes', jobs: 300, jobsAMinute: 1 / 3, rpm: 5 },
];

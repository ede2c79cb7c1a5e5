import { type JobMetrics, newJob } from '../../src/domain/job/job.ts';
import { NO_NOTES } from '../../src/domain/job/poll-notes.ts';
import { transition } from '../../src/domain/job/transition.ts';
/** Jobs, an upstream and a call budget on a virtual clock. */
import { newCallBudget, reserveCalls } from '../../src/domain/polling/call-budget-rules.ts';
import { expectDurations } from '../../src/domain/polling/duration-model.ts';
import { videoRequest } from '../../test/support/jobs.ts';
import { seeded } from './chance.ts';
import type { Policy, PolledJob } from './policies.ts';

/** Durations are milliseconds. */
export interface Scenario {
  readonly name: string;
  readonly jobs: number;
  /** The rate of new jobs, at random or (`inStep`) regular intervals. */
  readonly jobsAMinute: number;
  readonly inStep?: boolean;
  /** Jobs before this one train the model and are not counted. */
  readonly countedFrom: number;
  /** How long a job waits and runs at the upstream. */
  readonly queueMs: (random: () => number, index: number) => number;
  readonly runMs: (random: () => number, index: number) => number;
  readonly videoLength?: (index: number) => number;
  /** The expected total duration of a job before the first observation. */
  readonly typicalMs: number;
  /** Whether the metrics of a finished job contain its waiting and running time. */
  readonly tellsTimes?: boolean;
  /** Upstream calls a minute; 0: no limit. */
  readonly rpm: number;
}

/** Creates an untrained policy. */
export type MakePolicy = (seed: number, typicalMs: number) => Policy;

/** The result of a policy. */
export interface Outcome {
  readonly pollsAJob: number;
  /** Milliseconds from a job's end to the poll that shows it. */
  readonly meanDelayMs: number;
  readonly p95DelayMs: number;
  /** Share of the jobs that a poll showed as PROCESSING within SHOWN_WITHIN of their duration after the start. */
  readonly startsShown: number;
  readonly callsAMinute: number;
}

interface Simulated extends PolledJob {
  readonly index: number;
  readonly queueMs: number;
  readonly runMs: number;
  startsAt: number;
  endsAt: number;
  runAt: number;
  /** Time of the first poll that showed the start; Infinity before. */
  shownAt: number;
}

/** The start counts as shown when a poll shows it within this share of the job's total duration. */
const SHOWN_WITHIN = 0.1;
const NOTHING_KNOWN = expectDurations(new Map(), videoRequest(), 1000);

/**
 * Polls times delay, relative to another policy. A plan can trade one for the other, so this is the relative number of polls at
 * equal delay.
 */
export function ratio(outcome: Outcome, reference: Outcome): number {
  return (outcome.pollsAJob * outcome.meanDelayMs) / (reference.pollsAJob * reference.meanDelayMs);
}

/** Runs a scenario once per seed. */
export function simulate(scenario: Scenario, makePolicy: MakePolicy, seeds: readonly number[]): Outcome {
  const runs = seeds.map((seed) =>
    run(scenario, makePolicy(seed, scenario.typicalMs), drawJobs(scenario, seed)),
  );
  const mean = (figure: (run: Run) => number) =>
    runs.reduce((sum, one) => sum + figure(one), 0) / runs.length;
  const delays = runs.flatMap((one) => one.delays).toSorted((a, b) => a - b);
  return {
    pollsAJob: mean((one) => one.polls / one.delays.length),
    meanDelayMs: delays.reduce((sum, delay) => sum + delay, 0) / delays.length,
    p95DelayMs: delays[Math.floor(delays.length * 0.95)] ?? 0,
    startsShown: mean((one) => one.startsShown / one.delays.length),
    callsAMinute: mean((one) => one.calls / (one.elapsedMs / 60_000)),
  };
}

interface Run {
  readonly polls: number;
  readonly calls: number;
  readonly delays: readonly number[];
  readonly startsShown: number;
  readonly elapsedMs: number;
}

function run(scenario: Scenario, policy: Policy, arrivals: Simulated[]): Run {
  let budget = newCallBudget(scenario.rpm, 0);
  const open = new Set<Simulated>();
  const delays: number[] = [];
  let startsShown = 0;
  let polls = 0;
  let calls = 0;
  let now = 0;

  const call = (job: Simulated): void => {
    calls += 1;
    if (job.job.phase === 'accepted') return submit(job, policy, now);
    if (job.job.phase === 'collecting') return void open.delete(job);
    job.polls += 1;
    if (now < job.endsAt) {
      const status = now < job.startsAt ? 'queued' : 'processing';
      if (status === 'processing') job.shownAt = Math.min(job.shownAt, now);
      job.runAt = policy.unfinished(job, status, now);
      return;
    }
    const metrics = scenario.tellsTimes === true ? metricsOf(job) : null;
    policy.done(job, metrics, now);
    job.job = transition(job.job, { type: 'upstream-completed', startedAt: job.startsAt, metrics }, now);
    job.runAt = now;
    if (job.index < scenario.countedFrom) return;
    delays.push(now - job.endsAt);
    if (job.shownAt - job.startsAt <= SHOWN_WITHIN * (job.queueMs + job.runMs)) startsShown += 1;
    polls += job.polls;
  };

  while (arrivals.length > 0 || open.size > 0) {
    for (let next = arrivals[0]; next !== undefined && next.runAt <= now; next = arrivals[0]) {
      open.add(next);
      arrivals.shift();
    }
    const due = [...open].filter(({ runAt }) => runAt <= now);
    const [first] = due.length > 1 ? inOrder(due, policy, now) : due;
    const { state, grant } = reserveCalls(budget, scenario.rpm, first === undefined ? 0 : 1, now);
    budget = state;
    if (first !== undefined && grant.granted > 0) {
      call(first);
      continue;
    }
    const later = [...open].filter(({ runAt }) => runAt > now).map(({ runAt }) => runAt);
    const waitMs = first === undefined ? Infinity : Math.max(1, grant.waitMs);
    now = Math.min(now + waitMs, arrivals[0]?.runAt ?? Infinity, ...later);
  }

  return { polls, calls, delays, startsShown, elapsedMs: now };
}

/** Creates the jobs of a scenario, equal for all policies. */
function drawJobs(scenario: Scenario, seed: number): Simulated[] {
  const random = seeded(seed);
  let at = 0;
  return Array.from({ length: scenario.jobs }, (_, index) => {
    const gap = 60_000 / scenario.jobsAMinute;
    at += Math.round(scenario.inStep === true ? gap : -Math.log(1 - random()) * gap);
    const request = videoRequest({ videoLength: scenario.videoLength?.(index) ?? 3 });
    return {
      index,
      job: newJob(`vj_${index}`, 'owner', request, at, 24 * 3_600_000),
      queueMs: scenario.queueMs(random, index),
      runMs: scenario.runMs(random, index),
      startsAt: Infinity,
      endsAt: Infinity,
      lastPolledAt: at,
      failureCount: 0,
      notes: NO_NOTES,
      polls: 0,
      runAt: at,
      shownAt: Infinity,
    };
  });
}

function submit(job: Simulated, policy: Policy, now: number): void {
  const submitting = transition(job.job, { type: 'submit-started' }, now);
  const accepted = {
    type: 'submit-accepted',
    upstreamId: 'up',
    submittedAt: null,
    expected: NOTHING_KNOWN,
  } as const;
  job.job = transition(submitting, accepted, now);
  job.startsAt = now + job.queueMs;
  job.endsAt = job.startsAt + job.runMs;
  job.lastPolledAt = now;
  job.runAt = policy.accepted(job, now);
}

function inOrder(due: readonly Simulated[], { priority }: Policy, now: number): Simulated[] {
  if (priority === null) return due.toSorted((a, b) => a.runAt - b.runAt);
  const priorityOf = priority(now);
  const ranked = due.map((job) => ({ job, priority: priorityOf(job) }));
  return ranked.toSorted((a, b) => b.priority - a.priority).map(({ job }) => job);
}

function metricsOf({ queueMs, runMs }: Simulated): JobMetrics {
  return { queueSeconds: queueMs / 1000, inferenceSeconds: runMs / 1000, costUsd: null };
}

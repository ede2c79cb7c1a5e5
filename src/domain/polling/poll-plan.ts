/**
 * When to poll a job that the upstream has taken: for its end, and once for the beginning of the work.
 *
 * **The end.** A poll tells only whether the job is done. Polls cost calls, and the time from a job's end to the next poll
 * is delay. Which inspection schedule is cheapest was solved by R. E. Barlow, L. C. Hunter and F. Proschan (Optimum
 * checking procedures, J. SIAM 11, 1963); where polls are many it has a density proportional to the square root of the
 * hazard rate h(t) = f(t)/S(t) (J. B. Keller, Optimum checking schedules for systems subject to random failure, Management
 * Science 21, 1974).
 *
 * Such a schedule follows from one number, the lateness of a job that was last seen not done at time l:
 *
 *     lateness(t) = E[max(t − T, 0) | T > l]
 *
 * the expected time since its unseen end. Between polls it grows as h·(t − l)²/2, so a job that is polled whenever its
 * lateness reaches c is polled with density sqrt(h/2c). That makes, in the mean, J/sqrt(2c) polls a job and a delay of
 * J·sqrt(c/2), with J = ∫ sqrt(f·S) dt; hence c = 2(D/J)² for a mean delay of D. And where calls are short, the lateness
 * ranks the jobs: the poll of the latest is the most important.
 *
 * What is far beyond all expectation has a small and falling hazard, and what has taken long may be seen later: such a
 * job is polled ever more rarely, down to once a minute.
 *
 * **The beginning.** Clients show that a job has left the queue, so a poll should show it soon: within a tenth of the job's
 * length. A poll at t does so for the beginnings in a window before t. While the job waits, the next poll is where the
 * chance is greatest that the beginning falls into its window, given that the job still waited at the last poll. With a
 * predictable queue that is one poll after its likely end, and a second one soon after it if the job still waits. The
 * windows grow with the wait: a job that waits for w makes at most about ln(1 + w/run)/ln(1.1) such polls. For the rank when
 * calls are short a beginning counts little, so these are the polls that a tight budget drops.
 */
import type { ExpectedDurations } from './duration-model.ts';

/** A job that the upstream has taken and that was not done at the last poll. Times are epoch milliseconds. */
export interface RunningJob {
  readonly submittedAt: number;
  /** When the upstream began to work on it, as far as is known; null while it waits. */
  readonly startedAt: number | null;
  /** When it was last seen not done. */
  readonly lastPolledAt: number;
}

/**
 * The mean delay that is aimed at: a twentieth of the expected run, within these bounds, so a second for a typical job;
 * and for a job that takes very long, four thousandths of its age.
 */
const DELAY_SHARE = 0.05;
const MIN_DELAY_MS = 250;
const MAX_DELAY_MS = 1000;
const DELAY_SHARE_OF_AGE = 0.004;
/** How much less it matters to see that a job has begun than that it is done, when calls are short. */
const START_WEIGHT = 0.01;
/** The beginning is shown in time within this share of the job's length, its wait included. */
const SHOWN_WITHIN = 0.1;
/** Runs are taken as shorter than their median by so many standard deviations, as four in five are longer. */
const SHORT_RUN = 0.85;
/**
 * What a poll before the beginning costs, where one too long after it costs 1: a little less, as the next poll may be in
 * time. In the simulation's unpredictable queue 91 % of the beginnings are seen in time, and with a weight of 1 only 87 %.
 */
const TOO_EARLY_WEIGHT = 0.95;
/** The golden section, and how often it is made: down to a hundredth of the range. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;
const SECTION_STEPS = 10;
/** Bounds of the pause between two polls. */
const FLOOR_MS = 500;
const CEILING_MS = 60_000;
/** Share of the pause that chance adds or takes away, so that jobs accepted together are not polled together. */
const JITTER = 0.05;
/** How many possible times of its beginning a waiting job is reckoned with. */
const STARTS = 4;
/** Halvings of the longest pause: down to a millisecond. */
const SEARCH_STEPS = 16;

/**
 * Milliseconds from the last poll to the next: to the poll for the end or to the one for the beginning, whichever comes
 * first; from 0.5 to 60 seconds, give or take a twentieth. The pause counts from `lastPolledAt`, so that of a job that was
 * submitted some time before its first poll has passed already.
 *
 * @param random from 0 to 1
 */
export function nextPollDelayMs(job: RunningJob, expected: ExpectedDurations, random: number): number {
  const startMs = job.startedAt === null ? startPollDelayMs(job, expected) : CEILING_MS;
  return withJitter(endPollDelayMs(job, expected, Math.min(startMs, CEILING_MS)), random);
}

/** The plan without polls for the beginning, to measure what these cost. */
export function endOnlyPollDelayMs(job: RunningJob, expected: ExpectedDurations, random: number): number {
  return withJitter(endPollDelayMs(job, expected, CEILING_MS), random);
}

/** Milliseconds until the lateness reaches what makes the mean delay that is aimed at; from 0.5 seconds to `mostMs`. */
function endPollDelayMs(job: RunningJob, expected: ExpectedDurations, mostMs: number): number {
  const { run } = expected;
  const usualMs = Math.min(MAX_DELAY_MS, Math.max(MIN_DELAY_MS, DELAY_SHARE * run.median));
  const delayMs = Math.max(usualMs, DELAY_SHARE_OF_AGE * (job.lastPolledAt - job.submittedAt));
  // Where few polls are needed the formula asks for too few: a poll's delay is at most the lateness at it.
  const dueLateness = Math.min(delayMs, 2 * (delayMs / run.pollRoot) ** 2);
  const lateness = latenessOf(job, expected);
  // So it is for most jobs that have not begun. It saves the search.
  if (lateness(job.lastPolledAt + mostMs) < dueLateness) return mostMs;
  let low = FLOOR_MS;
  let high = mostMs;
  for (let step = 0; step < SEARCH_STEPS; step += 1) {
    const middle = (low + high) / 2;
    if (lateness(job.lastPolledAt + middle) < dueLateness) low = middle;
    else high = middle;
  }
  return high;
}

/** Milliseconds until the poll that most likely shows the beginning in time; at least 0.5 seconds. */
function startPollDelayMs(
  { submittedAt, lastPolledAt }: RunningJob,
  { queue, run }: ExpectedDurations,
): number {
  const waited = Math.max(0, lastPolledAt - submittedAt);
  const runMs = run.median * Math.exp(-SHORT_RUN * run.main.sigma);
  // A poll at t is in time for each beginning s with s ≤ t ≤ s + share·(s + run). All count from the submission.
  const earliest = (t: number) => (t - SHOWN_WITHIN * runMs) / (1 + SHOWN_WITHIN);
  const latest = (s: number) => (1 + SHOWN_WITHIN) * s + SHOWN_WITHIN * runMs;
  const lost = (t: number) =>
    TOO_EARLY_WEIGHT * queue.survival(t) - queue.survival(Math.max(waited, earliest(t)));
  let low = Math.max(waited + FLOOR_MS, latest(waited));
  let high = Math.max(low, latest(queue.median));
  for (let step = 0; step < SECTION_STEPS; step += 1) {
    const one = high - GOLDEN * (high - low);
    const other = low + GOLDEN * (high - low);
    if (lost(one) > lost(other)) low = one;
    else high = other;
  }
  return (low + high) / 2 - waited;
}

/** A job's lateness at a time, in milliseconds; a beginning not yet seen counts a little. */
export function latenessMs(job: RunningJob, expected: ExpectedDurations, at: number): number {
  return latenessOf(job, expected)(at);
}

function latenessOf(job: RunningJob, { queue, run }: ExpectedDurations): (at: number) => number {
  const { submittedAt, startedAt, lastPolledAt } = job;
  const starts = startedAt === null ? possibleStarts(job, queue) : [startedAt];
  const ofStart = starts.map((start) => latenessSince(run, start, lastPolledAt));
  const ofEnd = (at: number) => ofStart.reduce((sum, lateness) => sum + lateness(at), 0) / ofStart.length;
  if (startedAt !== null) return ofEnd;
  const ofQueue = latenessSince(queue, submittedAt, lastPolledAt);
  return (at) => ofEnd(at) + START_WEIGHT * ofQueue(at);
}

/** E[max(t − T, 0) | T > l] of an end that lies a random duration after `from`. */
function latenessSince(
  duration: ExpectedDurations['run'],
  from: number,
  lastPolledAt: number,
): (at: number) => number {
  const seen = Math.max(0, lastPolledAt - from);
  const survival = duration.survival(seen);
  const excess = duration.excess(seen);
  return (at) => {
    const age = Math.max(seen, at - from);
    return Math.max(0, age - seen - (excess - duration.excess(age)) / survival);
  };
}

function withJitter(delayMs: number, random: number): number {
  return Math.round(delayMs * (1 + JITTER * (2 * random - 1)));
}

/** Evenly likely times at which a job that was still waiting when last seen begins. */
function possibleStarts(
  { submittedAt, lastPolledAt }: RunningJob,
  queue: ExpectedDurations['queue'],
): number[] {
  const stillWaiting = queue.survival(lastPolledAt - submittedAt);
  return Array.from({ length: STARTS }, (_, index) => {
    const exceeded = stillWaiting * (1 - (index + 0.5) / STARTS);
    return Math.max(lastPolledAt, submittedAt + queue.exceededWith(exceeded));
  });
}

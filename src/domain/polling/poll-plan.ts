/**
 * When to poll a job at the upstream: for its end, and once for the beginning of the work.
 *
 * **The end.** A poll shows only whether the job is done. Polls cost calls, and the time from a job's end to the next poll
 * is delay. The cheapest inspection schedule is known from R. E. Barlow, L. C. Hunter and F. Proschan (Optimum
 * checking procedures, J. SIAM 11, 1963). With many polls it has a density proportional to the square root of the
 * hazard rate h(t) = f(t)/S(t) (J. B. Keller, Optimum checking schedules for systems subject to random failure, Management
 * Science 21, 1974).
 *
 * Such a schedule follows from one number, the lateness of a job whose last poll, at time l, showed it as not done:
 *
 *     lateness(t) = E[max(t − T, 0) | T > l]
 *
 * the expected time since its unseen end. Between polls it grows as h·(t − l)²/2, so a job that is polled whenever its
 * lateness reaches c is polled with density sqrt(h/2c). That makes, in the mean, J/sqrt(2c) polls a job and a delay of
 * J·sqrt(c/2), with J = ∫ sqrt(f·S) dt; hence c = 2(D/J)² for a mean delay of D. When the call budget is short, the lateness ranks the
 * jobs: the job with the greatest lateness is polled first.
 *
 * A job far beyond its expected end has a small and falling hazard, and a greater delay matters less then: it is polled more and more
 * rarely, down to once a minute.
 *
 * **The beginning.** Clients show that a job has left the queue, so a poll should show it soon: within a tenth of the job's
 * length. A poll at t does so for the beginnings in a window before t. While the job waits, the next poll is at the time with the
 * greatest probability that the beginning is in its window, given that the job still waited at the last poll. With a
 * predictable queue that is one poll after its likely end, and a second one soon after it if the job still waits. The
 * windows grow with the wait: a job that waits for w has at most about ln(1 + w/run)/ln(1.1) such polls. A beginning counts
 * little in the ranking, so a short budget drops these polls first.
 */
import type { ExpectedDurations } from './duration-model.ts';

/** A job at the upstream that was not done at the last poll. Times are epoch milliseconds. */
export interface RunningJob {
  readonly submittedAt: number;
  /** Estimate of when the upstream began to work on it; null while it waits. */
  readonly startedAt: number | null;
  /** The last poll that showed it as not done. */
  readonly lastPolledAt: number;
}

/**
 * The target for the mean delay: a twentieth of the expected run within these bounds, so one second for a typical job. For a very long
 * job: four thousandths of its age.
 */
const DELAY_SHARE = 0.05;
const MIN_DELAY_MS = 250;
const MAX_DELAY_MS = 1000;
const DELAY_SHARE_OF_AGE = 0.004;
/** The weight of a beginning relative to an end in the ranking. */
const START_WEIGHT = 0.01;
/** A beginning should be shown within this share of the job's length, including its wait. */
const SHOWN_WITHIN = 0.1;
/** The assumed run is this many standard deviations shorter than the median; four of five runs are longer. */
const SHORT_RUN = 0.85;
/**
 * The cost of a poll before the beginning, relative to one too long after it: less than 1, because the next poll may be in time. In the
 * simulation's unpredictable queue 91 % of the beginnings are seen in time, and with a weight of 1 only 87 %.
 */
const TOO_EARLY_WEIGHT = 0.95;
/** The golden section, and its number of steps: down to a hundredth of the range. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;
const SECTION_STEPS = 10;
/** The bounds of the pause between two polls. */
const FLOOR_MS = 500;
const CEILING_MS = 60_000;
/** The random share of the pause, so that jobs accepted together are not polled together. */
const JITTER = 0.05;
/** The number of possible beginnings that approximate the distribution of a waiting job. */
const STARTS = 4;
/** Halvings of the longest pause: down to a millisecond. */
const SEARCH_STEPS = 16;

/**
 * Milliseconds from the last poll to the next, for the end or for the beginning, whichever is first. From 0.5 to 60 seconds, with
 * 5 % jitter. The pause counts from `lastPolledAt`, so it may have passed already.
 *
 * @param random from 0 to 1
 */
export function nextPollDelayMs(job: RunningJob, expected: ExpectedDurations, random: number): number {
  const startMs = job.startedAt === null ? startPollDelayMs(job, expected) : CEILING_MS;
  return withJitter(endPollDelayMs(job, expected, Math.min(startMs, CEILING_MS)), random);
}

/** The plan without polls for the beginning, to measure their cost. */
export function endOnlyPollDelayMs(job: RunningJob, expected: ExpectedDurations, random: number): number {
  return withJitter(endPollDelayMs(job, expected, CEILING_MS), random);
}

/** Milliseconds until the lateness reaches the threshold of the target delay; from 0.5 seconds to `maxMs`. */
function endPollDelayMs(job: RunningJob, expected: ExpectedDurations, maxMs: number): number {
  const { run } = expected;
  const normalMs = Math.min(MAX_DELAY_MS, Math.max(MIN_DELAY_MS, DELAY_SHARE * run.median));
  const delayMs = Math.max(normalMs, DELAY_SHARE_OF_AGE * (job.lastPolledAt - job.submittedAt));
  // With few polls the formula gives too few. The delay of a poll is at most its lateness.
  const dueLateness = Math.min(delayMs, 2 * (delayMs / run.pollRoot) ** 2);
  const lateness = latenessOf(job, expected);
  // Saves the search for most jobs that have not begun.
  if (lateness(job.lastPolledAt + maxMs) < dueLateness) return maxMs;
  let low = FLOOR_MS;
  let high = maxMs;
  for (let step = 0; step < SEARCH_STEPS; step += 1) {
    const middle = (low + high) / 2;
    if (lateness(job.lastPolledAt + middle) < dueLateness) low = middle;
    else high = middle;
  }
  return high;
}

/** Milliseconds until the poll with the greatest probability to show the beginning in time; at least 0.5 seconds. */
function startPollDelayMs(
  { submittedAt, lastPolledAt }: RunningJob,
  { queue, run }: ExpectedDurations,
): number {
  const waited = Math.max(0, lastPolledAt - submittedAt);
  const runMs = run.median * Math.exp(-SHORT_RUN * run.main.sigma);
  // A poll at t is in time for each beginning s with s ≤ t ≤ s + share·(s + run). All times count from the submission.
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

/** A job's lateness at a time in milliseconds. An unseen beginning adds a little. */
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

/** Equally likely beginnings of a job that was waiting at the last poll. */
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

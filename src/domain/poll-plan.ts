/**
 * When to look at a job that the upstream has taken.
 *
 * A look tells only whether the job is done. Looks cost calls, and the time from a job's end to the next look is delay.
 * Which inspection schedule is cheapest was solved by R. E. Barlow, L. C. Hunter and F. Proschan (Optimum checking
 * procedures, J. SIAM 11, 1963); where looks are many it has a density proportional to the square root of the hazard
 * rate h(t) = f(t)/S(t) (J. B. Keller, Optimum checking schedules for systems subject to random failure, Management
 * Science 21, 1974).
 *
 * Such a schedule follows from one number, the lateness of a job that was last seen not done at time l:
 *
 *     lateness(t) = E[max(t − T, 0) | T > l]
 *
 * the expected time since its unseen end. Between looks it grows as h·(t − l)²/2, so a job that is looked at whenever
 * its lateness reaches c is looked at with density sqrt(h/2c). That makes, in the mean, J/sqrt(2c) looks a job and a delay
 * of J·sqrt(c/2), with J = ∫ sqrt(f·S) dt; hence c = 2(D/J)² for a mean delay of D. And where calls are short, the
 * lateness ranks the jobs: the look at the latest is worth most.
 *
 * What is far beyond all expectation has a small and falling hazard, and what has taken long may be seen later: such a
 * job is looked at ever more rarely, down to once a minute.
 */
import type { ExpectedDurations } from './duration-model.ts';

/** A job that the upstream has taken and that was not done when it was last looked at. Times are epoch milliseconds. */
export interface RunningJob {
  readonly submittedAt: number;
  /** When the upstream began to work on it, as far as is known; null while it waits. */
  readonly startedAt: number | null;
  /** When it was last seen not done. */
  readonly seenAt: number;
}

/**
 * The mean delay that is aimed at: a twentieth of the expected run, within these bounds, so a second for a typical job;
 * and for a job that takes very long, four thousandths of its age.
 */
const DELAY_SHARE = 0.05;
const MIN_DELAY_MS = 250;
const MAX_DELAY_MS = 1000;
const DELAY_SHARE_OF_AGE = 0.004;
/** How much less it matters to see that a job has begun than that it is done. */
const START_WEIGHT = 0.01;
/** Bounds of the pause between two looks. */
const FLOOR_MS = 500;
const CEILING_MS = 60_000;
/** Share of the pause that chance adds or takes away, so that jobs accepted together are not polled together. */
const JITTER = 0.05;
/** How many possible times of its beginning a waiting job is reckoned with. */
const STARTS = 4;
/** Halvings of the longest pause: down to a millisecond. */
const SEARCH_STEPS = 16;

/**
 * Milliseconds from the last look to the next: when the lateness reaches what makes the mean delay that is aimed at;
 * from 0.5 to 60 seconds, give or take a twentieth.
 *
 * @param random from 0 to 1
 */
export function nextPollDelayMs(job: RunningJob, expected: ExpectedDurations, random: number): number {
  const { run } = expected;
  const usualMs = Math.min(MAX_DELAY_MS, Math.max(MIN_DELAY_MS, DELAY_SHARE * run.median));
  const delayMs = Math.max(usualMs, DELAY_SHARE_OF_AGE * (job.seenAt - job.submittedAt));
  // Where few looks are needed the formula asks for too few: a look's delay is at most the lateness at it.
  const worthALook = Math.min(delayMs, 2 * (delayMs / run.pollRoot) ** 2);
  const lateness = latenessOf(job, expected);
  let low = FLOOR_MS;
  let high = CEILING_MS;
  for (let step = 0; step < SEARCH_STEPS; step += 1) {
    const middle = (low + high) / 2;
    if (lateness(job.seenAt + middle) < worthALook) low = middle;
    else high = middle;
  }
  return Math.round(high * (1 + JITTER * (2 * random - 1)));
}

/** A job's lateness at a time, in milliseconds; a beginning not yet seen counts a little. */
export function latenessMs(job: RunningJob, expected: ExpectedDurations, at: number): number {
  return latenessOf(job, expected)(at);
}

function latenessOf(job: RunningJob, { queue, run }: ExpectedDurations): (at: number) => number {
  const { submittedAt, startedAt, seenAt } = job;
  const starts = startedAt === null ? possibleStarts(job, queue) : [startedAt];
  const ofStart = starts.map((start) => latenessSince(run, start, seenAt));
  const ofQueue = latenessSince(queue, submittedAt, seenAt);
  return (at) => {
    const done = ofStart.reduce((sum, lateness) => sum + lateness(at), 0) / ofStart.length;
    return startedAt === null ? done + START_WEIGHT * ofQueue(at) : done;
  };
}

/** E[max(t − T, 0) | T > l] of an end that lies a random duration after `from`. */
function latenessSince(
  duration: ExpectedDurations['run'],
  from: number,
  seenAt: number,
): (at: number) => number {
  const seen = Math.max(0, seenAt - from);
  const survival = duration.survival(seen);
  const excess = duration.excess(seen);
  return (at) => {
    const age = Math.max(seen, at - from);
    return Math.max(0, age - seen - (excess - duration.excess(age)) / survival);
  };
}

/** Evenly likely times at which a job that was still waiting when last seen begins. */
function possibleStarts({ submittedAt, seenAt }: RunningJob, queue: ExpectedDurations['queue']): number[] {
  const stillWaiting = queue.survival(seenAt - submittedAt);
  return Array.from({ length: STARTS }, (_, index) => {
    const exceeded = stillWaiting * (1 - (index + 0.5) / STARTS);
    return Math.max(seenAt, submittedAt + queue.exceededWith(exceeded));
  });
}

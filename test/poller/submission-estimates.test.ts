import { describe, expect, it } from 'vitest';
import type { Job } from '../../src/domain/job/job.ts';
import { MINUTE, SECOND } from '../support/times.ts';
import { PollerHarness } from './poller-harness.ts';

/** Jobs that are accepted in this many milliseconds after the jobs before. */
interface Arrival {
  readonly afterMs: number;
  readonly jobs: number;
  readonly ownerId?: string;
}

/** An upstream whose jobs take a time around `medianMs`. */
interface Scenario {
  readonly rpm: number;
  readonly medianMs: number;
  readonly spread: number;
  readonly arrivals: readonly Arrival[];
  /** Jobs before this one are not counted. */
  readonly countedFrom?: number;
}

/** From the time of the estimate. */
interface Wait {
  readonly estimatedMs: number;
  readonly actualMs: number;
}

const STEP_MS = SECOND;
/** Real jobs are accepted one after another. */
const ACCEPT_MS = 5;

async function waitsOf({ rpm, medianMs, spread, arrivals, countedFrom = 0 }: Scenario): Promise<Wait[]> {
  const sentAt = new Map<string, number>();
  await using harness = new PollerHarness({
    rpm,
    script: {
      submit: ({ prompt }) => {
        sentAt.set(prompt, harness.clock.now());
        return { type: 'accepted', upstreamId: prompt, metrics: null };
      },
      status: (prompt) => {
        // Evenly distributed from -1 to 1, in a scattered order.
        const deviation = 2 * ((Number(prompt) * 0.618_034) % 1) - 1;
        const age = harness.clock.now() - (sentAt.get(prompt) ?? Infinity);
        const isDone = age >= medianMs * (1 + spread * deviation);
        return isDone ? { type: 'completed', metrics: null } : { type: 'processing' };
      },
    },
  });
  await harness.poller.start();
  const jobs: Job[] = [];
  const unknown = new Set<Job>();
  const estimates = new Map<string, { readonly at: number; readonly submissionAt: number }>();
  const advance = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      await harness.clock.advance(STEP_MS);
      for (const job of unknown) {
        const [stored] = await harness.stored([job]);
        if (stored?.phase !== 'accepted') unknown.delete(job);
        else if (stored.waitingFor === 'RATE_LIMIT' && stored.forecast !== null) {
          unknown.delete(job);
          estimates.set(job.id, { at: stored.updatedAt, submissionAt: stored.forecast.from });
        }
      }
    }
  };
  for (const { afterMs, jobs: count, ownerId } of arrivals) {
    await advance(afterMs);
    for (let i = 0; i < count; i += 1) {
      const [job] = await harness.accept(1, ownerId === undefined ? {} : { ownerId });
      if (job === undefined) throw new Error('No job was accepted.');
      jobs.push(job);
      unknown.add(job);
      await harness.clock.advance(ACCEPT_MS);
    }
  }
  while (sentAt.size < jobs.length) await advance(MINUTE);
  return jobs.slice(countedFrom).flatMap(({ id, request }) => {
    const estimate = estimates.get(id);
    const sent = sentAt.get(request.prompt);
    if (estimate === undefined || sent === undefined) return [];
    return [{ estimatedMs: estimate.submissionAt - estimate.at, actualMs: sent - estimate.at }];
  });
}

/** The mean absolute error, relative to the mean wait. */
function errorOf(waits: readonly Wait[]): number {
  const sum = (figure: (wait: Wait) => number) => waits.reduce((total, wait) => total + figure(wait), 0);
  return (
    sum(({ estimatedMs, actualMs }) => Math.abs(estimatedMs - actualMs)) / sum(({ actualMs }) => actualMs)
  );
}

const SLOW = { rpm: 5, medianMs: 53 * SECOND, spread: 0.2 };
const BURST: Arrival = { afterMs: 0, jobs: 20 };
/** By name: a scenario, and the greatest error. A constant number of calls for each job gives errors from 0.3 to 1.8. */
const SCENARIOS: readonly (readonly [name: string, Scenario, bound: number])[] = [
  ['of 20 jobs on an idle gateway', { ...SLOW, arrivals: [BURST] }, 0.2],
  ['of 20 jobs that are shorter than expected', { ...SLOW, medianMs: 8 * SECOND, arrivals: [BURST] }, 0.2],
  [
    'of 20 jobs whose durations are known',
    {
      ...SLOW,
      arrivals: [
        { ...BURST, jobs: 10 },
        { ...BURST, afterMs: 15 * MINUTE },
      ],
      countedFrom: 10,
    },
    0.1,
  ],
  [
    'of 20 jobs behind jobs at the upstream',
    {
      ...SLOW,
      arrivals: [
        { ...BURST, jobs: 15 },
        { ...BURST, afterMs: 4 * MINUTE },
      ],
      countedFrom: 15,
    },
    0.1,
  ],
  [
    'of jobs that are accepted while others are collected',
    { ...SLOW, arrivals: Array.from({ length: 20 }, () => ({ afterMs: 25 * SECOND, jobs: 1 })) },
    0.25,
  ],
  ['at the default limit', { ...SLOW, rpm: 50, arrivals: [{ afterMs: 0, jobs: 60 }] }, 0.2],
  [
    'of an owner whose turn is before the jobs of another',
    {
      ...SLOW,
      arrivals: [
        { ...BURST, ownerId: 'busy' },
        { afterMs: 5 * SECOND, jobs: 2, ownerId: 'new' },
      ],
      countedFrom: 20,
    },
    0.1,
  ],
];

describe('the expected time of a submission', () => {
  it.for(SCENARIOS)('%s', async ([, scenario, bound]) => {
    const waits = await waitsOf(scenario);
    expect(waits.length).toBeGreaterThan(1);
    expect(errorOf(waits)).toBeLessThan(bound);
  });
});

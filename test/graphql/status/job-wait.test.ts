import { describe, expect, it } from 'vitest';
import { NO_NOTES } from '../../../src/domain/job/poll-notes.ts';
import { explainWait, mayRetryNow, type WaitFacts } from '../../../src/graphql/status/job-wait.ts';
import type { ScheduledJob } from '../../../src/store/backlog.ts';
import { acceptedJob, changedJob } from '../../support/jobs.ts';
import { MINUTE, NOON, SECOND } from '../../support/times.ts';

const ACCEPTED = acceptedJob({ createdAt: NOON - MINUTE });
const DUE: ScheduledJob = {
  job: ACCEPTED,
  runAt: NOON - SECOND,
  isLeased: false,
  failureCount: 0,
  lastPolledAt: null,
  notes: NO_NOTES,
};
const AT_UPSTREAM = changedJob(ACCEPTED, { phase: 'processing', submittedAt: NOON - MINUTE });
const SETTLING = changedJob(ACCEPTED, { phase: 'settling' });
const PAUSED: ScheduledJob = { ...DUE, runAt: NOON + MINUTE, failureCount: 6 };

const CALM: WaitFacts = {
  now: NOON,
  hasPoller: true,
  budget: {
    callsPerMinute: 50,
    remaining: 5,
    share: 1,
    pausedUntil: null,
    nextProbeAt: null,
    failures: 0,
  },
};
const withBudget = (change: Partial<WaitFacts['budget']>): WaitFacts => ({
  ...CALM,
  budget: { ...CALM.budget, ...change },
});
const OPEN = withBudget({ remaining: 0, nextProbeAt: NOON + SECOND, failures: 10 });
const RATE_LIMITED = withBudget({ remaining: 0, pausedUntil: NOON + 20 * SECOND });

describe('an unfinished job', () => {
  it.each([
    ['is due', DUE, CALM, 'due', null],
    ['is held by a poller', { ...DUE, isLeased: true, runAt: NOON + 9 }, OPEN, 'leased', NOON + 9],
    ['is at the upstream', { ...DUE, job: AT_UPSTREAM, runAt: NOON + 9 }, OPEN, 'upstream', NOON + 9],
    ['has failed', PAUSED, CALM, 'failures', NOON + MINUTE],
    ['has failed after a 429', PAUSED, RATE_LIMITED, 'rate-limit', NOON + MINUTE],
    [
      'has failed before a longer pause',
      { ...PAUSED, runAt: NOON + 1 },
      RATE_LIMITED,
      'rate-limit',
      NOON + 20 * SECOND,
    ],
    ['has failed while the circuit is open', PAUSED, OPEN, 'circuit-open', NOON + MINUTE],
    ['is searched', { ...DUE, job: SETTLING, runAt: NOON + 9 }, CALM, 'submission-check', NOON + 9],
    ['meets an open circuit', DUE, OPEN, 'circuit-open', NOON + SECOND],
    ['meets a 429', { ...DUE, failureCount: 2 }, RATE_LIMITED, 'rate-limit', NOON + 20 * SECOND],
    ['meets a used budget', DUE, withBudget({ remaining: 0 }), 'rate-limit', null],
    ['has no limit', DUE, withBudget({ callsPerMinute: null, remaining: null }), 'due', null],
    ['has no poller', { ...DUE, runAt: NOON - MINUTE }, { ...CALM, hasPoller: false }, 'no-poller', null],
    ['has been due for a moment', DUE, { ...CALM, hasPoller: false }, 'due', null],
  ] as const)('that %s is explained', (_, scheduled, facts, wait, nextStepAt) => {
    const explained = explainWait(scheduled, facts);
    expect(explained).toMatchObject({ wait, nextStepAt });
    expect(explained.reason).toMatch(/^[A-Z].*\.$/);
  });

  it('tells how many of its calls failed', () => {
    expect(explainWait(PAUSED, CALM).reason).toBe(
      'Its last 6 calls failed, so it pauses before the next one.',
    );
    expect(explainWait({ ...PAUSED, failureCount: 1 }, CALM).reason).toMatch(/^Its last call failed/);
  });

  it.each([
    ['connect ECONNREFUSED 127.0.0.1:9', 'connect ECONNREFUSED 127.0.0.1:9'],
    ['HTTP 500: cannot draw "a cat"', 'HTTP 500.'],
  ])('tells why they failed, without what an answer may quote: %s', (lastError, shown) => {
    const { reason } = explainWait({ ...PAUSED, notes: { lastError } }, CALM);
    expect(reason).toBe(
      `Its last 6 calls failed, so it pauses before the next one. The last error: ${shown}`,
    );
  });

  it('may be retried at once only while it is paused by failures that do not count towards its end', () => {
    expect(mayRetryNow(PAUSED, NOON)).toBe(true);
    for (const change of [
      { failureCount: 0 },
      { runAt: NOON },
      { isLeased: true },
      { job: SETTLING },
      { notes: { emptyResults: 1 } },
    ])
      expect(mayRetryNow({ ...PAUSED, ...change }, NOON)).toBe(false);
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFinal, type Job, JOB_PHASES } from '../../../src/domain/job/job.ts';
import type { Observation } from '../../../src/domain/job/observation.ts';
import { transition } from '../../../src/domain/job/transition.ts';
import { anyHistory, anyObservation, livelyHistory, play, T0 } from './job-samples.ts';

const histories = fc.oneof(anyHistory, livelyHistory);

/** Checks every step of many histories. */
function forEveryStep(check: (before: Job, after: Job, observation: Observation, now: number) => void): void {
  fc.assert(
    fc.property(histories, (history) => {
      const jobs = play(history);
      for (const [step, [observation, now]] of history.entries()) {
        const [before, after] = [jobs[step], jobs[step + 1]];
        if (before !== undefined && after !== undefined) check(before, after, observation, now);
      }
    }),
    // About three of a thousand histories end with a video. With a thousand only, one run in 25 would see none.
    { numRuns: 5000 },
  );
}

/** Checks every job that many histories lead to. */
function forEveryJob(check: (job: Job) => void): void {
  forEveryStep((before, after) => {
    check(before);
    check(after);
  });
}

const rank = (job: Job): number => JOB_PHASES.indexOf(job.phase);

describe('transition under any history', () => {
  it('reaches every phase, so that the tests below are meaningful', () => {
    const seen = new Set<string>();
    forEveryJob((job) => seen.add(job.phase));
    expect([...seen].toSorted()).toEqual([...JOB_PHASES].toSorted());
  });

  it('never moves a job backwards, except to accepted when its POST created nothing', () => {
    forEveryStep((before, after, observation) => {
      if (rank(after) >= rank(before)) return;
      expect(['submitting', 'settling']).toContain(before.phase);
      expect([after.phase, observation.type]).toEqual(['accepted', 'submit-not-created']);
    });
  });

  it('never changes a final job', () => {
    forEveryStep((before, after) => {
      expect(isFinal(before) && after !== before).toBe(false);
    });
  });

  it('raises the version by one with each change, and returns the same job otherwise', () => {
    forEveryStep((before, after) => {
      if (after === before) return;
      expect(after.version).toBe(before.version + 1);
      // A version without another difference would be published to every subscriber without a reason.
      expect({ ...after, version: 0, updatedAt: 0 }).not.toEqual({ ...before, version: 0, updatedAt: 0 });
    });
  });

  it('never moves updatedAt back, and sets it to now when the clock goes forward', () => {
    forEveryStep((before, after, _observation, now) => {
      expect(after.updatedAt).toBe(after === before ? before.updatedAt : Math.max(before.updatedAt, now));
    });
  });

  it('keeps id, owner, request, creation and both deadlines', () => {
    forEveryStep((before, after) => {
      const { id, ownerId, request, createdAt, deadlineAt, startBefore } = before;
      expect(after).toMatchObject({ id, ownerId, request, createdAt, deadlineAt, startBefore });
    });
  });

  it('never mutates its input', () => {
    fc.assert(
      fc.property(histories, anyObservation, (history, observation) => {
        const job = play(history).at(-1);
        const frozen = Object.freeze(structuredClone(job));
        if (frozen !== undefined) transition(frozen, observation, T0);
        expect(frozen).toEqual(job);
      }),
    );
  });

  it('has submittedAt and upstreamId exactly for jobs that the upstream accepted', () => {
    forEveryJob((job) => {
      expect(job.submittedAt === null).toBe(job.upstreamId === null);
      const before = ['accepted', 'submitting', 'settling'];
      const since = ['queued', 'processing', 'collecting', 'completed'];
      expect(job.submittedAt === null ? since : before).not.toContain(job.phase);
    });
  });

  it('never unsets a time, an upstream id or a metric', () => {
    forEveryStep((before, after) => {
      const { upstreamId, submittedAt, startedAt } = before;
      const known = { upstreamId, submittedAt, startedAt };
      const kept = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== null));
      expect(after).toMatchObject(kept);
      expect(before.metrics !== null && after.metrics === null).toBe(false);
    });
  });

  it('has a start when it is completed', () => {
    forEveryJob((job) => {
      expect(job.phase === 'completed' && job.startedAt === null).toBe(false);
    });
  });

  it('has finishedAt iff final, a video iff completed and a failure iff failed', () => {
    forEveryJob((job) => {
      expect(job.finishedAt !== null).toBe(isFinal(job));
      expect(job.video !== null).toBe(job.phase === 'completed');
      expect(job.failure !== null).toBe(job.phase === 'failed');
    });
  });

  it('keeps the times in order: created, submitted, started, finished, updated', () => {
    forEveryJob((job) => {
      const times = [job.createdAt, job.submittedAt, job.startedAt, job.finishedAt, job.updatedAt];
      const known = times.filter((time) => time !== null);
      expect(known).toEqual(known.toSorted((a, b) => a - b));
    });
  });

  it('reports NO or UNKNOWN as the charge of a job that the upstream never accepted', () => {
    forEveryJob((job) => {
      if (job.failure === null || job.submittedAt !== null) return;
      expect(job.failure.charged).toBe(job.failure.code === 'SUBMISSION_UNKNOWN' ? 'UNKNOWN' : 'NO');
    });
  });

  it('ends a job as CANCELED or START_DEADLINE_PASSED only while it is accepted', () => {
    const seen = new Set<string>();
    forEveryStep((before, after, observation) => {
      const isEnd = observation.type === 'canceled' || observation.type === 'start-deadline-passed';
      expect(isEnd && (after !== before) !== (before.phase === 'accepted')).toBe(false);
      const code = after === before ? undefined : after.failure?.code;
      if (code !== 'CANCELED' && code !== 'START_DEADLINE_PASSED') return;
      seen.add(code);
      expect([before.phase, isEnd, after.failure?.charged]).toEqual(['accepted', true, 'NO']);
    });
    expect(seen.size).toBe(2);
  });

  it('ends any unfinished job when its deadline passes', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const job = play([...history, [{ type: 'deadline-passed', lastError: null }, T0]]).at(-1);
        expect(job?.finishedAt).not.toBeNull();
      }),
    );
  });
});

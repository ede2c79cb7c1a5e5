import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JOB_PHASES, readStoredJob } from '../../../src/domain/job/job.ts';
import { anyHistory, freshJob, jobIn, livelyHistory, play } from './job-samples.ts';

const JOB_AT_UPSTREAM = { ...freshJob(), upstreamId: 'u-1', updatedAt: freshJob().createdAt + 5 };

describe('readStoredJob', () => {
  it('reads the JSON of any reachable job as the same job', () => {
    fc.assert(
      fc.property(fc.oneof(anyHistory, livelyHistory), (history) => {
        for (const job of play(history)) expect(readStoredJob(JSON.parse(JSON.stringify(job)))).toEqual(job);
      }),
      { numRuns: 1000 },
    );
  });

  it.each(JOB_PHASES)('reads a job in %s without the optional fields, and writes it the same', (phase) => {
    const read = readStoredJob({ ...JOB_AT_UPSTREAM, phase });
    expect(Object.keys(read).toSorted()).toEqual(Object.keys(freshJob()).toSorted());
    expect(readStoredJob(JSON.parse(JSON.stringify(read)))).toEqual(read);
  });

  it('uses the nearest known time for a required time that is absent', () => {
    const { createdAt, updatedAt } = JOB_AT_UPSTREAM;
    expect(readStoredJob({ ...JOB_AT_UPSTREAM, phase: 'settling' })).toMatchObject({ sentAt: createdAt });
    expect(
      readStoredJob({ ...JOB_AT_UPSTREAM, phase: 'completed', submittedAt: createdAt + 1 }),
    ).toMatchObject({
      submittedAt: createdAt + 1,
      startedAt: createdAt + 1,
      finishedAt: updatedAt,
    });
  });

  it.each([
    ['id', { id: 7 }],
    ['version', { version: '1' }],
    ['phase', { phase: 'lost' }],
    ['request', { request: {} }],
    ['upstreamId', { upstreamId: null }],
  ])('refuses an invalid %s', (field, change) => {
    const stored = { ...jobIn('queued'), ...change };
    expect(() => readStoredJob(stored)).toThrow(`The stored job has an invalid ${field}.`);
  });
});

import { type Job, JOB_PHASES, type JobPhase } from '../../../domain/job/job.ts';
import { type JobStatus, jobStatus, phasesOf } from '../../../domain/job/projection.ts';
import { keys, SHARDS } from '../keys.ts';
import type { ExpectedTypes } from '../quarantine.ts';
import { runScript } from '../scripts/run-script.ts';
import type { JobAccess } from './job-reader.ts';

/** The statuses in the order of a job's life: an owner has a set for each. The first ones are those of unfinished jobs. */
const STATUSES = ['QUEUED', 'PROCESSING', 'COMPLETED', 'FAILED'] as const satisfies readonly JobStatus[];
const UNFINISHED = 2;
/** How many ids one run of the script looks at: it blocks Redis for a few milliseconds. */
const BATCH = 500;

/** Each phase as hashes store it, and the letters of compact jobs, with the number of the set. */
const SET_OF_PHASE = [
  ...JOB_PHASES.flatMap((phase) => [
    JSON.stringify(phase),
    STATUSES.findIndex((status) => phasesOf([status]).includes(phase)) + 1,
  ]),
  ...STATUSES.flatMap((status, index) => [status.charAt(0), index + 1]),
];

/** An owner's sets by status in one shard. */
export function statusSets(shard: string, ownerId: string): string[] {
  return STATUSES.map((status) => keys.status(shard, ownerId, status));
}

/** The number of the job's set among `statusSets`, from 1. */
export function statusNumber(job: Job): number {
  return STATUSES.indexOf(jobStatus(job)) + 1;
}

/** The sets that hold the ids of an owner's jobs in these phases, in the order of a job's life; null phases: the set of all jobs. */
export function setsOfPhases(shard: string, ownerId: string, phases: readonly JobPhase[] | null): string[] {
  if (phases === null) return [keys.owner(shard, ownerId)];
  const holds = (status: JobStatus) => phasesOf([status]).some((phase) => phases.includes(phase));
  return STATUSES.filter(holds).map((status) => keys.status(shard, ownerId, status));
}

/**
 * Completes an owner's sets by status. They lack the jobs of earlier versions, which may also run beside this one. Takes one round trip
 * when nothing is missing, and about two seconds for a million missing jobs.
 */
export async function refreshStatuses({ client, quarantine }: JobAccess, ownerId: string): Promise<void> {
  await Promise.all(
    SHARDS.map(async (shard) => {
      const names = [keys.owner(shard, ownerId), ...statusSets(shard, ownerId)];
      const types: ExpectedTypes = Object.fromEntries(names.map((name) => [name, 'zset']));
      let next: unknown = '';
      do {
        const values = [String(next), BATCH, UNFINISHED, keys.jobsOf(shard), SET_OF_PHASE];
        next = await quarantine.tolerate(types, '', () =>
          runScript(client, 'reelgateRefreshStatuses', names, values),
        );
      } while (next !== '');
    }),
  );
}

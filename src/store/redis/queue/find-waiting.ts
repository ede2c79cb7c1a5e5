import type { WaitingJob } from '../../job-store.ts';
import type { JobAccess } from '../jobs/job-reader.ts';
import { keys, SHARDS } from '../keys.ts';
import { runScript } from '../scripts/run-script.ts';
import { MAX_SCANNED } from './candidates.ts';

/** When a shard has more accepted jobs than this, the number of jobs ahead is an estimate with an error of one percent. */
const SAMPLE = 100;

interface Waiting {
  readonly ids: readonly string[];
  /** The due time of each id. */
  readonly runAt: readonly number[];
  /** Due times of accepted jobs, ascending: every n-th, where n is `step`. */
  readonly sample: readonly number[];
  readonly step: number;
}

/** As in `JobQueue`. Considers only the `MAX_SCANNED` longest due jobs of each shard. */
export async function findWaiting(
  { client, reader, quarantine }: JobAccess,
  dueBefore: number,
  limit: number,
): Promise<WaitingJob[]> {
  const shards = await Promise.all(
    SHARDS.map(async (shard) => {
      const due = keys.due(shard);
      const values = [dueBefore, MAX_SCANNED, limit, keys.jobsOf(shard), SAMPLE];
      return readWaiting(
        await quarantine.tolerate({ [due]: 'zset' }, null, () =>
          runScript(client, 'reelgateWaiting', [due], values),
        ),
      );
    }),
  );
  const found = shards
    .flatMap(({ ids, runAt }) => ids.map((id, index) => ({ id, runAt: runAt[index] ?? 0 })))
    .toSorted((a, b) => a.runAt - b.runAt)
    .slice(0, limit);
  const jobs = await reader.read(found.map(({ id }) => id));
  return found.flatMap(({ runAt }, index) => {
    const job = jobs[index];
    const isStillWaiting = job?.phase === 'accepted' && job.version === 1;
    return isStillWaiting ? [{ job, ahead: countAhead(shards, runAt) }] : [];
  });
}

function countAhead(shards: readonly Waiting[], runAt: number): number {
  const before = ({ sample, step }: Waiting) => step * sample.filter((time) => time < runAt).length;
  return shards.reduce((sum, shard) => sum + before(shard), 0);
}

function readWaiting(answer: unknown): Waiting {
  const [ids, runAt, sample, step] = Array.isArray(answer) ? answer : [];
  return {
    ids: readList(ids).map(String),
    runAt: readList(runAt).map(Number),
    sample: readList(sample).map(Number),
    step: Number(step ?? 1),
  };
}

function readList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

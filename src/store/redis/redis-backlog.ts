import {
  type Backlog,
  type BacklogReader,
  countByPhase,
  type DueWork,
  MAX_COUNTED,
  MAX_OWNERS,
  type OwnerUse,
  type QuarantinedRecord,
  type ScheduledJob,
} from '../backlog.ts';
import { decodeJob, fromBytes } from './jobs/job-hash.ts';
import { JobReader } from './jobs/job-reader.ts';
import { keys, SHARDS } from './keys.ts';
import { type Quarantine, wrongTypeOrThrow } from './quarantine.ts';
import { lowest } from './queue/lowest.ts';
import { attempt, type RedisClient, runScript } from './scripts/run-script.ts';

/** How many jobs of a shard a script reads. It blocks Redis for about a millisecond. */
const SAMPLE = 250;

export interface RedisBacklogOptions {
  /** Owned by the caller. */
  readonly client: RedisClient;
  readonly quarantine: Quarantine;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** The facts of one shard. */
interface ShardBacklog {
  readonly jobs: DueWork;
  readonly unfinished: number;
  readonly fileTasks: DueWork;
  readonly quarantined: number;
  readonly sample: readonly { readonly phase: string; readonly ownerId: string }[];
}

/**
 * The backlog of the shared store, in one round trip. A shard whose keys have the wrong type is skipped; the health check reports it.
 */
export class RedisBacklog implements BacklogReader {
  readonly #client: RedisClient;
  readonly #quarantine: Quarantine;
  readonly #reader: JobReader;
  readonly #now: () => number;

  constructor({ client, quarantine, now }: RedisBacklogOptions) {
    this.#client = client;
    this.#quarantine = quarantine;
    this.#reader = new JobReader(client, quarantine);
    this.#now = now;
  }

  read(): Promise<Backlog> {
    return attempt(async () => {
      const shards = (await Promise.all(SHARDS.map((shard) => this.#readShard(shard)))).flat();
      const phases = estimate(shards, ({ phase }) => phase);
      return {
        jobs: joinDue(shards.map(({ jobs }) => jobs)),
        unfinished: sum(shards.map(({ unfinished }) => unfinished)),
        unfinishedByPhase: countByPhase((phase) => Math.round(phases.get(phase) ?? 0)),
        owners: topOwners(estimate(shards, ({ ownerId }) => ownerId)),
        fileTasks: joinDue(shards.map(({ fileTasks }) => fileTasks)),
        quarantined:
          sum(shards.map(({ quarantined }) => quarantined)) + (await this.#quarantine.countWrongKeys([])),
      };
    });
  }

  findNearestEnd(limit: number): Promise<ScheduledJob[]> {
    return attempt(async () => {
      const search = { client: this.#client, quarantine: this.#quarantine, brokenShards: new Set<string>() };
      return this.#reader.readScheduled(await lowest(search, keys.deadline, '+inf', limit), this.#now());
    });
  }

  findQuarantined(limit: number): Promise<QuarantinedRecord[]> {
    const now = this.#now();
    return attempt(async () => {
      const perShard = await Promise.all(
        SHARDS.map((shard) => {
          const key = keys.quarantine(shard);
          return this.#quarantine.tolerate({ [key]: 'zset' }, [], () =>
            this.#client.zrangebyscore(key, `(${now}`, '+inf', 'LIMIT', 0, limit),
          );
        }),
      );
      const ids = perShard.flat().toSorted().slice(0, limit);
      return Promise.all(ids.map(async (id) => ({ id, error: await this.#errorOf(id) })));
    });
  }

  /** @returns the reason why a record cannot be read */
  async #errorOf(id: string): Promise<string> {
    const found = await this.#client.hgetallBuffer(keys.job(id)).catch(wrongTypeOrThrow);
    if (found instanceof Error) return found.message;
    try {
      const job = decodeJob(fromBytes(found));
      return job === null
        ? 'The record is gone.'
        : 'The record was corrected, but is still in the quarantine.';
    } catch (error) {
      return String(error);
    }
  }

  /** @returns nothing when a key has the wrong type */
  async #readShard(shard: string): Promise<ShardBacklog[]> {
    const [due, quarantined, files] = [keys.due(shard), keys.quarantine(shard), keys.fileTasks(shard)];
    const types = { [due]: 'zset', [quarantined]: 'zset', [files]: 'zset' } as const;
    const answer = await this.#quarantine.tolerate(types, null, () =>
      runScript(
        this.#client,
        'reelgateBacklog',
        [due, quarantined, files],
        [this.#now(), SAMPLE, keys.jobsOf(shard)],
      ),
    );
    return Array.isArray(answer) ? [readShard(answer)] : [];
  }
}

function readShard(answer: readonly unknown[]): ShardBacklog {
  const [unfinished, due, oldestDueAt, quarantined, files, oldestFileAt, ...fields] = answer.map(String);
  const sample = fields.flatMap((phase, index) =>
    index % 2 === 0 ? [{ phase: readText(phase), ownerId: readText(fields[index + 1]) }] : [],
  );
  return {
    jobs: readDue(due, oldestDueAt),
    unfinished: Number(unfinished),
    fileTasks: readDue(files, oldestFileAt),
    quarantined: Number(quarantined),
    sample,
  };
}

function readDue(due: string | undefined, oldestDueAt: string | undefined): DueWork {
  return { due: Number(due), oldestDueAt: oldestDueAt === '' ? null : Number(oldestDueAt) };
}

/** @returns the text of a JSON string; another value as it is */
function readText(json = ''): string {
  try {
    return String(JSON.parse(json));
  } catch {
    return json;
  }
}

/** Counts the unfinished jobs of all shards by a property. Each job of a sample stands for its share of the shard's jobs. */
function estimate(
  shards: readonly ShardBacklog[],
  groupOf: (job: ShardBacklog['sample'][number]) => string,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { sample, unfinished } of shards) {
    for (const job of sample) {
      const group = groupOf(job);
      counts.set(group, (counts.get(group) ?? 0) + unfinished / sample.length);
    }
  }
  return counts;
}

function topOwners(counts: ReadonlyMap<string, number>): OwnerUse[] {
  return [...counts]
    .map(([ownerId, count]) => ({ ownerId, unfinished: Math.round(count) }))
    .toSorted((a, b) => b.unfinished - a.unfinished)
    .slice(0, MAX_OWNERS);
}

function joinDue(parts: readonly DueWork[]): DueWork {
  const times = parts.flatMap(({ oldestDueAt }) => oldestDueAt ?? []);
  return {
    due: Math.min(sum(parts.map(({ due }) => due)), MAX_COUNTED),
    oldestDueAt: times.length === 0 ? null : Math.min(...times),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

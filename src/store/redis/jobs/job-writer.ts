import { idBound, idempotencyShard } from '../../../domain/job/job-id.ts';
import { forcedEndAt, isFinal, type Job } from '../../../domain/job/job.ts';
import { encodeNotes } from '../../../domain/job/poll-notes.ts';
import { jobStatus } from '../../../domain/job/projection.ts';
import {
  type LeasedJob,
  type CreateOutcome,
  IDEMPOTENCY_MS,
  type NewJobRecord,
  type RemoveOutcome,
  type SaveChange,
  type SaveOutcome,
  type Schedule,
  StoreUnavailableError,
} from '../../job-store.ts';
import { newDeliveryState } from '../delivery-state.ts';
import { sealedRemoval, sealOf, type SealSecret } from '../events/event-seal.ts';
import { channels, CLOCK_SKEW_MS, keys, shardOf, SHARDS } from '../keys.ts';
import { type ExpectedTypes, isWrongType } from '../quarantine.ts';
import { runScript } from '../scripts/run-script.ts';
import { encodeCompact } from './compact-job.ts';
import { encodeJob } from './job-hash.ts';
import type { JobAccess } from './job-reader.ts';
import { releasePlaces, reserve } from './reservation.ts';
import { statusNumber, statusSets } from './status-index.ts';

export interface JobWriterOptions {
  readonly access: JobAccess;
  readonly publish: 'PUBLISH' | 'SPUBLISH';
  /** Seals the published events. */
  readonly secret: SealSecret;
  /** Milliseconds for which a final job can be read. */
  readonly retentionMs: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** The places of a record that may not be created. */
const NOT_RESERVED = { refusal: null, undo: async () => {} };

/** Stores and publishes jobs. One script does both. */
export class JobWriter {
  readonly #options: JobWriterOptions;

  constructor(options: JobWriterOptions) {
    this.#options = options;
  }

  /** As in `JobStore`. */
  async create(record: NewJobRecord): Promise<CreateOutcome> {
    const { job, idempotencyKey, fingerprint, limits, mayCreate = true } = record;
    const { access, publish, secret, now } = this.#options;
    const { client, quarantine, reader } = access;
    const { id, ownerId } = job;
    const text = encodeJob(job);
    const shard = shardOf(id);
    if (idempotencyKey !== null && shard !== idempotencyShard(ownerId, idempotencyKey)) {
      throw new Error(`The id ${id} is not in the shard of its idempotency key.`);
    }
    const time = now();
    const keptMs = this.#ownerKeptMs(job);
    const owner = keys.owner(shard, ownerId);
    const idempotency = keys.idempotency(shard, ownerId, idempotencyKey ?? '');
    const { refusal, undo } = mayCreate ? await reserve(client, job, limits, time) : NOT_RESERVED;
    const isRefused = refusal !== null || !mayCreate;
    const types = { ...queueTypes(shard), [owner]: 'zset', [idempotency]: 'hash' } as const;
    // The script also runs when the job is refused, because a known key returns its job anyway.
    const answer = await quarantine.reportWrongTypes(types, () =>
      runScript(
        client,
        'reelgateCreate',
        [...queueKeys(id), owner, idempotency, ...statusSets(shard, ownerId)],
        [
          [id, job.createdAt, Math.max(forcedEndAt(job), job.createdAt), isRefused ? '1' : '0'],
          [idempotencyKey === null ? '' : fingerprint, time, time + IDEMPOTENCY_MS, IDEMPOTENCY_MS / 1000],
          [idBound(time - keptMs), Math.ceil(keptMs / 1000)],
          [text, publish, channels.job(id), channels.owner(shard, ownerId)],
          [channels.work(shard), sealOf(text, secret.key)],
        ],
      ),
    );
    const [type, knownId] = Array.isArray(answer) ? answer.map(String) : [];
    if (type === 'created') return { type };
    await undo();
    if (type === 'full' && !mayCreate) return { type: 'unknown' };
    if (type === 'full' && refusal !== null) return { type: 'refused', ...refusal };
    if ((type !== 'duplicate' && type !== 'conflict') || knownId === undefined) {
      throw new Error(`The create script returned an unknown result: ${String(type)}.`);
    }
    const [known] = await reader.read([knownId]);
    if (known == null) {
      if ((await client.exists(keys.job(knownId))) === 0) return { type: 'removed' };
      throw new StoreUnavailableError(
        `The idempotency key belongs to job ${knownId}, whose record cannot be read. Use another key to create another job.`,
      );
    }
    return { type, job: known };
  }

  /** As in `JobStore`. */
  async save(leaseId: string, change: SaveChange): Promise<SaveOutcome> {
    const { job, schedule, leaseUntil, videoData, addsFileTask = false, deliveries = [] } = change;
    const { access, publish, secret, retentionMs, now } = this.#options;
    const { id, ownerId } = job;
    const text = encodeJob(job);
    const shard = shardOf(id);
    const time = now();
    const keptUntil = Math.max(time + retentionMs, job.createdAt + IDEMPOTENCY_MS + CLOCK_SKEW_MS);
    const mode = isFinal(job) ? 'final' : schedule === null ? 'keep' : 'release';
    const outcome = await this.#withRecord(id, 'missing', () =>
      runScript(
        access.client,
        'reelgateSave',
        [
          ...queueKeys(id),
          keys.video(id),
          keys.quarantine(shard),
          keys.fileTasks(shard),
          keys.earlierInstances(shard),
          keys.deliveries(id),
          keys.dueDeliveries(shard),
          ...statusSets(shard, ownerId),
        ],
        [
          [id, leaseId, job.version, mode, schedule?.runAt ?? leaseUntil ?? '', forcedEndAt(job)],
          [schedule?.failureCount ?? 0, schedule?.lastPolledAt ?? '', encodeNotes(schedule?.notes)],
          [Math.ceil((keptUntil - time) / 1000), videoData ?? '', addsFileTask ? time : ''],
          [text, publish, channels.job(id), channels.owner(shard, ownerId), sealOf(text, secret.key)],
          [statusNumber(job), Math.ceil(this.#ownerKeptMs(job) / 1000)],
          [isFinal(job) ? encodeCompact(job) : '', jobStatus(job).charAt(0)],
          // In a cluster an instance has a heartbeat in each shard.
          publish === 'SPUBLISH' ? ['SHARDNUMSUB', ...beat(shard)] : ['NUMSUB', ...beat(SHARDS[0] ?? '')],
          [time, ...deliveries.flatMap(({ id: delivery, url }) => [delivery, newDeliveryState(url)])],
        ],
      ),
    );
    if (outcome !== 'saved' && outcome !== 'superseded' && outcome !== 'missing') {
      throw new Error(`The save script returned an unknown result: ${String(outcome)}.`);
    }
    // When this fails, the save fails as well and is repeated.
    if (outcome === 'saved' && isFinal(job)) await releasePlaces(access.client, job);
    return outcome;
  }

  /** As in `JobStore`. */
  async release(
    { job, leaseId }: LeasedJob,
    { runAt, failureCount, lastPolledAt, notes }: Schedule,
  ): Promise<void> {
    const { id } = job;
    const values = [
      id,
      leaseId,
      runAt,
      forcedEndAt(job),
      failureCount,
      lastPolledAt ?? '',
      encodeNotes(notes),
    ];
    await this.#withRecord(id, null, () =>
      runScript(this.#options.access.client, 'reelgateRelease', queueKeys(id), values),
    );
  }

  /** As in `JobStore`. */
  async remove({ id, ownerId }: Job): Promise<RemoveOutcome> {
    const { access, publish, secret, now } = this.#options;
    const shard = shardOf(id);
    const files = [keys.fileTasks(shard), keys.fileLeases(shard)];
    const sets = [keys.owner(shard, ownerId), ...statusSets(shard, ownerId)];
    const event = sealedRemoval({ removedId: id, ownerId }, secret.key);
    const outcome = await this.#withRecord(id, 'missing', () =>
      runScript(
        access.client,
        'reelgateRemove',
        [keys.job(id), keys.video(id), keys.quarantine(shard), ...files, keys.deliveries(id), ...sets],
        [id, now(), publish, channels.removals(shard, ownerId), event],
      ),
    );
    if (outcome === 'removed' || outcome === 'unfinished' || outcome === 'missing') return outcome;
    throw new Error(`The remove script returned an unknown result: ${String(outcome)}.`);
  }

  /** How long the owner's sets are kept after a new job: at least as long as the job. */
  #ownerKeptMs({ createdAt, deadlineAt }: Job): number {
    return Math.max(this.#options.retentionMs, IDEMPOTENCY_MS) + (deadlineAt - createdAt);
  }

  /** Quarantines the job and returns the fallback when its record is a key of another type. */
  async #withRecord<T, F>(id: string, fallback: F, work: () => Promise<T>): Promise<T | F> {
    const { client, quarantine } = this.#options.access;
    try {
      return await quarantine.reportWrongTypes(queueTypes(shardOf(id)), work);
    } catch (error) {
      if (!isWrongType(error)) throw error;
      const type = await client.type(keys.job(id));
      if (type === 'hash' || type === 'none') throw error;
      await quarantine.add(id, error);
      return fallback;
    }
  }
}

/** The channel of a heartbeat, and that of the instances among its subscribers that read compact jobs. */
function beat(shard: string): string[] {
  const heartbeat = channels.heartbeat(shard);
  return [heartbeat, channels.compactReaders(heartbeat)];
}

/** The keys that the jobs of a shard share. */
function queueTypes(shard: string): ExpectedTypes {
  return { [keys.due(shard)]: 'zset', [keys.deadline(shard)]: 'zset' };
}

/** The first keys of the scripts that schedule a job. */
function queueKeys(id: string): string[] {
  const shard = shardOf(id);
  return [keys.job(id), keys.due(shard), keys.deadline(shard)];
}

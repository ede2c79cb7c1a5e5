import { readFileSync } from 'node:fs';
import type { ClientContext, Cluster, Redis, Result } from 'ioredis';
import { CANNOT_WRITE, StoreUnavailableError } from '../../job-store.ts';

/** A client for a single Redis or for a cluster. */
export type RedisClient = Redis | Cluster;

/** The scripts by the names of their commands. The head of each file lists its input and output. */
const FILES = {
  reelgateCreate: 'jobs/create.lua',
  reelgateReserve: 'jobs/reserve.lua',
  reelgateSave: 'jobs/save.lua',
  reelgateRemove: 'jobs/remove.lua',
  reelgateRefreshStatuses: 'jobs/refresh-statuses.lua',
  reelgateSweep: 'jobs/sweep.lua',
  reelgateChanged: 'jobs/changed.lua',
  reelgateLeaseFiles: 'files/lease.lua',
  reelgateMakeFilesDue: 'files/make-due.lua',
  reelgateSettleFile: 'files/settle.lua',
  reelgateLeaseDeliveries: 'webhooks/lease.lua',
  reelgateSettleDelivery: 'webhooks/settle.lua',
  reelgateMakeDeliveryDue: 'webhooks/make-due.lua',
  reelgateLease: 'queue/lease.lua',
  reelgateCandidates: 'queue/candidates.lua',
  reelgateWaiting: 'queue/waiting.lua',
  reelgateRelease: 'queue/release.lua',
  reelgateQuarantine: 'queue/quarantine.lua',
  reelgateReadmit: 'queue/readmit.lua',
  reelgateMakeDue: 'queue/make-due.lua',
  reelgateRescheduleFar: 'queue/reschedule-far.lua',
  reelgateBeginPost: 'submissions/begin-post.lua',
  reelgateEndPost: 'submissions/end-post.lua',
  reelgateAdopt: 'submissions/adopt.lua',
  reelgateFindDocument: 'documents/find.lua',
  reelgateAddDocument: 'documents/add.lua',
  reelgateReplaceText: 'replace-text.lua',
  reelgateBacklog: 'backlog.lua',
  reelgateHealth: 'health.lua',
  reelgateTime: 'time.lua',
} as const;

type ScriptName = keyof typeof FILES;
type ScriptCommands<Context extends ClientContext> = Record<
  ScriptName,
  (keyCount: number, ...keysAndArguments: (string | number | Buffer)[]) => Result<unknown, Context>
>;

declare module 'ioredis' {
  interface RedisCommander<Context extends ClientContext> extends ScriptCommands<Context> {}
}

/** Defines the store's scripts as commands of a client. */
export function defineScripts(client: RedisClient): void {
  for (const [name, file] of Object.entries(FILES)) {
    client.defineCommand(name, { lua: readFileSync(new URL(file, import.meta.url), 'utf8') });
  }
}

/** An argument of a script. */
export type ScriptValue = string | number | Buffer;

/** Runs a script on keys of one shard. Arguments may be grouped in arrays. */
export function runScript(
  client: RedisClient,
  name: ScriptName,
  keys: readonly string[],
  values: readonly (ScriptValue | readonly ScriptValue[])[],
): Promise<unknown> {
  return client[name](keys.length, ...keys, ...values.flat());
}

/**
 * Runs work that needs Redis.
 *
 * @throws StoreUnavailableError with the failure as its cause
 */
export async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoreUnavailableError) throw error;
    const shown = isNotWritable(error) ? { shown: CANNOT_WRITE } : {};
    throw new StoreUnavailableError('Redis failed', { cause: error, ...shown });
  }
}

/** Full memory, a disk that fails, a replica, or too few replicas. */
function isNotWritable(error: unknown): boolean {
  return error instanceof Error && /\b(?:OOM|MISCONF|READONLY|NOREPLICAS)\b/.test(error.message);
}

import { readFileSync } from 'node:fs';
import type { Cluster, Redis, Result } from 'ioredis';
import { StoreUnavailableError } from '../job-store.ts';

/** A client for either kind of Redis. */
export type RedisClient = Redis | Cluster;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    reelgateCreate(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>;
    reelgateAllow(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>;
    reelgateLease(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>;
    reelgateCandidates(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>;
    reelgateWaiting(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>;
    reelgateSave(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>;
    reelgateRelease(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>;
    reelgateQuarantine(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>;
    reelgateHealth(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>;
    reelgatePullIn(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>;
    reelgateTime(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>;
    reelgateReplaceText(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>;
    reelgateBeginPost(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>;
    reelgateEndPost(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>;
    reelgateAdopt(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>;
  }
}

/** The scripts by the name of their command; each file says at its head what goes in and what comes out. */
const FILES = {
  reelgateCreate: 'create.lua',
  reelgateAllow: 'allow.lua',
  reelgateLease: 'lease.lua',
  reelgateCandidates: 'candidates.lua',
  reelgateWaiting: 'waiting.lua',
  reelgateSave: 'save.lua',
  reelgateRelease: 'release.lua',
  reelgateQuarantine: 'quarantine.lua',
  reelgateHealth: 'health.lua',
  reelgatePullIn: 'pull-in.lua',
  reelgateTime: 'time.lua',
  reelgateReplaceText: 'replace-text.lua',
  reelgateBeginPost: 'begin-post.lua',
  reelgateEndPost: 'end-post.lua',
  reelgateAdopt: 'adopt.lua',
} as const;

/** Teaches a client the store's scripts. */
export function defineScripts(client: RedisClient): void {
  for (const [name, file] of Object.entries(FILES)) {
    client.defineCommand(name, { lua: readFileSync(new URL(`./scripts/${file}`, import.meta.url), 'utf8') });
  }
}

/** Runs a script on keys of one shard. Values may stand in groups. */
export function runScript(
  client: RedisClient,
  name: keyof typeof FILES,
  keys: readonly string[],
  values: readonly (string | number | readonly (string | number)[])[],
): Promise<unknown> {
  return client[name](keys.length, ...keys, ...values.flat());
}

/**
 * Asks something of Redis.
 *
 * @throws StoreUnavailableError with what went wrong as its cause
 */
export async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoreUnavailableError) throw error;
    throw new StoreUnavailableError('Redis failed.', { cause: error });
  }
}

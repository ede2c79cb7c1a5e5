import { readFileSync } from 'node:fs';
import type { Result } from 'ioredis';
import type { RedisClient } from './connections.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    reelgateCreate(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>;
    reelgateAllow(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>;
    reelgateClaim(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>;
    reelgateSave(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>;
    reelgateRelease(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>;
    reelgateLearn(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>;
    reelgateTakeCalls(keyCount: number, ...keysAndArguments: (string | number)[]): Result<unknown, Context>;
  }
}

/** The scripts by the name of their command; each file says at its head what goes in and what comes out. */
const FILES = {
  reelgateCreate: 'create.lua',
  reelgateAllow: 'allow.lua',
  reelgateClaim: 'claim.lua',
  reelgateSave: 'save.lua',
  reelgateRelease: 'release.lua',
  reelgateLearn: 'learn.lua',
  reelgateTakeCalls: 'take-calls.lua',
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

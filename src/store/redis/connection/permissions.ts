import { Cluster } from 'ioredis';
import { channels, keys, SHARDS } from '../keys.ts';
import type { RedisClient } from '../scripts/run-script.ts';

/** The commands of the store, on keys of one shard that nothing else uses. Together they leave no key behind. */
function trials(publish: 'PUBLISH' | 'SPUBLISH'): readonly (readonly [string, ...string[]])[] {
  const [shard = ''] = SHARDS;
  const named = (name: string) => `${keys.health(shard)}:may:${name}`;
  const [text, hash, set] = [named('text'), named('hash'), named('set')];
  return [
    ['EVAL', 'return 1', '0'],
    // The script does not exist, which is a different error.
    ['EVALSHA', '0'.repeat(40), '0'],
    [publish, channels.heartbeat(shard), ''],
    ['TIME'],
    ['SET', text, '', 'PX', '1000'],
    ['GET', text],
    ['EXISTS', text],
    ['SCAN', '0', 'MATCH', text, 'COUNT', '1'],
    ['TYPE', text],
    ['EXPIRE', text, '1'],
    ['PEXPIRE', text, '1000'],
    ['PTTL', text],
    ['PERSIST', text],
    ['DEL', text],
    ['HSET', hash, 'field', ''],
    ['HGET', hash, 'field'],
    ['HMGET', hash, 'field'],
    ['HGETALL', hash],
    ['HDEL', hash, 'field'],
    ['ZADD', set, '0', 'member'],
    ['ZSCORE', set, 'member'],
    ['ZCARD', set],
    ['ZCOUNT', set, '0', '0'],
    ['ZRANGE', set, '0', '0'],
    ['ZRANK', set, 'member'],
    ['ZLEXCOUNT', set, '-', '+'],
    ['ZRANGEBYSCORE', set, '0', '0'],
    ['ZRANGEBYLEX', set, '-', '+'],
    ['ZREVRANGEBYLEX', set, '+', '-'],
    ['ZREMRANGEBYSCORE', set, '1', '1'],
    ['ZREM', set, 'member'],
  ];
}

/** Commands that the store can work without. */
const OPTIONAL: readonly (readonly [string, ...string[]])[] = [
  ['INFO', 'server'],
  ['CONFIG', 'GET', 'appendonly'],
];

/** @returns missing permissions of the user: commands, `the keys rg:*`, `the channels rg:*` */
export function missingPermissions(
  client: RedisClient,
  publish: 'PUBLISH' | 'SPUBLISH',
): Promise<readonly string[]> {
  return refused(client, trials(publish));
}

/** @returns optional commands that the user may not run */
export function missingOptionalCommands(client: RedisClient): Promise<readonly string[]> {
  return refused(client, OPTIONAL);
}

/** Whether Redis refused a command because of missing permissions. */
export function isNoPermission(error: unknown): error is Error {
  return error instanceof Error && error.message.startsWith('NOPERM');
}

async function refused(
  client: RedisClient,
  commands: readonly (readonly [string, ...string[]])[],
): Promise<readonly string[]> {
  const names = await Promise.all(
    commands.map(async ([name, ...values]) => {
      try {
        await client.call(name, ...values);
        return null;
      } catch (error) {
        return isNoPermission(error) ? missingPermission(name, error.message) : null;
      }
    }),
  );
  return [...new Set(names.filter((name) => name !== null))];
}

function missingPermission(command: string, message: string): string {
  if (/\bkeys?\b/.test(message)) return 'the keys rg:*';
  return /\bchannels?\b/.test(message) ? 'the channels rg:*' : command;
}

/** Warns when Redis may evict jobs or lose them in a restart. Skips the check when Redis refuses CONFIG GET, as managed services do. */
export async function checkRedisSettings(
  client: RedisClient,
  warn: (message: string) => void,
): Promise<void> {
  const nodes = client instanceof Cluster ? client.nodes('master') : [client];
  const policies = await Promise.all(nodes.map((node) => setting(node, 'maxmemory-policy')));
  const wrong = policies.find((policy) => policy !== null && policy !== 'noeviction');
  if (wrong !== undefined) {
    warn(
      `Redis has maxmemory-policy ${String(wrong)}: it evicts jobs when its memory is full. Set maxmemory-policy to noeviction.`,
    );
  }
  const appendOnly = await Promise.all(nodes.map((node) => setting(node, 'appendonly')));
  if (appendOnly.includes('no')) {
    warn('Redis has appendonly no: accepted jobs may be lost when it restarts. Set appendonly to yes.');
  }
}

/** @returns null when the server refuses CONFIG GET */
async function setting(node: Pick<RedisClient, 'config'>, name: string): Promise<string | null> {
  try {
    const answer: unknown = await node.config('GET', name);
    return Array.isArray(answer) ? String(answer[1]) : null;
  } catch {
    return null;
  }
}

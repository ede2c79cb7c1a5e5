import type { RedisClient } from '../scripts/run-script.ts';
import { channels, keys, SHARDS } from '../keys.ts';
import { Cluster } from 'ioredis';

/** What the store does in Redis, with keys of one shard that nothing else uses; done once, it leaves nothing. */
function trials(publish: 'PUBLISH' | 'SPUBLISH'): readonly (readonly [string, ...string[]])[] {
  const [shard = ''] = SHARDS;
  const [text, hash, set] = ['text', 'hash', 'set'].map((name) => `${keys.health(shard)}:may:${name}`);
  if (text === undefined || hash === undefined || set === undefined) return [];
  return [
    ['EVAL', 'return 1', '0'],
    // There is no such script, which is another error.
    ['EVALSHA', '0'.repeat(40), '0'],
    [publish, channels.heartbeat(shard), ''],
    ['TIME'],
    ['SET', text, '', 'PX', '1000'],
    ['GET', text],
    ['EXISTS', text],
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
    ['ZRANGE', set, '0', '0'],
    ['ZRANGEBYSCORE', set, '0', '0'],
    ['ZRANGEBYLEX', set, '-', '+'],
    ['ZREVRANGEBYLEX', set, '+', '-'],
    ['ZREMRANGEBYLEX', set, '-', '('],
    ['ZREMRANGEBYSCORE', set, '1', '1'],
    ['ZREM', set, 'member'],
  ];
}

/** What the store can do without. */
const OPTIONAL: readonly (readonly [string, ...string[]])[] = [
  ['INFO', 'server'],
  ['CONFIG', 'GET', 'appendonly'],
];

/** @returns what the user may not do and has to: commands, `the keys rg:*`, `the channels rg:*` */
export function missingPermissions(
  client: RedisClient,
  publish: 'PUBLISH' | 'SPUBLISH',
): Promise<readonly string[]> {
  return refused(client, trials(publish));
}

/** @returns commands that the user may not run and that the store can do without */
export function missingConveniences(client: RedisClient): Promise<readonly string[]> {
  return refused(client, OPTIONAL);
}

/** Whether Redis has refused something for want of permissions. */
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
        return isNoPermission(error) ? whatIsMissing(name, error.message) : null;
      }
    }),
  );
  return [...new Set(names.filter((name) => name !== null))];
}

function whatIsMissing(command: string, message: string): string {
  if (/\bkeys?\b/.test(message)) return 'the keys rg:*';
  return /\bchannels?\b/.test(message) ? 'the channels rg:*' : command;
}

/** Warns when Redis may throw jobs away, or forget them over a restart. A Redis that does not tell is let be. */
export async function checkRedisSettings(
  client: RedisClient,
  warn: (message: string) => void,
): Promise<void> {
  const nodes = client instanceof Cluster ? client.nodes('master') : [client];
  const policies = await Promise.all(nodes.map((node) => setting(node, 'maxmemory-policy')));
  const wrong = policies.find((policy) => policy !== null && policy !== 'noeviction');
  if (wrong !== undefined) {
    warn(
      `Redis has maxmemory-policy ${String(wrong)}: when its memory is full it throws jobs away. Set it to noeviction.`,
    );
  }
  const appendOnly = await Promise.all(nodes.map((node) => setting(node, 'appendonly')));
  if (appendOnly.includes('no')) {
    warn('Redis has appendonly no: accepted jobs may be lost when it restarts. Set appendonly to yes.');
  }
}

/** @returns null when the server does not tell: managed ones often forbid CONFIG */
async function setting(node: Pick<RedisClient, 'config'>, name: string): Promise<string | null> {
  try {
    const answer: unknown = await node.config('GET', name);
    return Array.isArray(answer) ? String(answer[1]) : null;
  } catch {
    return null;
  }
}

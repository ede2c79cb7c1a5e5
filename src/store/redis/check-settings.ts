import { Cluster } from 'ioredis';
import type { RedisClient } from './connections.ts';

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

import { randomBytes } from 'node:crypto';
import { StoreUnavailableError } from '../job-store.ts';
import type { RedisClient } from './connections.ts';
import { keys } from './keys.ts';

/**
 * The secret of 32 bytes that all instances share, made by the first. Whoever reads it reads the jobs anyway.
 *
 * @throws StoreUnavailableError when Redis can't be reached
 */
export async function redisSecret(client: RedisClient): Promise<Uint8Array> {
  try {
    await client.set(keys.secret, randomBytes(32).toString('base64'), 'NX');
    const value = await client.get(keys.secret);
    if (value !== null) return Buffer.from(value, 'base64');
  } catch (error) {
    throw new StoreUnavailableError('Redis failed.', { cause: error });
  }
  throw new StoreUnavailableError('Redis lost the secret that was just written.');
}

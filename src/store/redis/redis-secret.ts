import { randomBytes } from 'node:crypto';
import { StoreUnavailableError } from '../job-store.ts';
import type { RedisClient } from './connections.ts';
import { keys } from './keys.ts';

/**
 * A secret of 32 bytes that all instances share, made by the first. Whoever reads it reads the jobs anyway.
 *
 * @throws StoreUnavailableError when Redis can't be reached
 */
export async function redisSecret(client: RedisClient, name: keyof typeof keys.secrets): Promise<Uint8Array> {
  const key = keys.secrets[name];
  try {
    await client.set(key, randomBytes(32).toString('base64'), 'NX');
    const value = await client.get(key);
    if (value !== null) return Buffer.from(value, 'base64');
  } catch (error) {
    throw new StoreUnavailableError('Redis failed.', { cause: error });
  }
  throw new StoreUnavailableError('Redis lost the secret that was just written.');
}

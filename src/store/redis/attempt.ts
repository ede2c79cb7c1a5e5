import { StoreUnavailableError } from '../job-store.ts';

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

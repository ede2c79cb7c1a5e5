import { StoreUnavailableError } from '../job-store.ts';

/** @throws StoreUnavailableError always: the given one, or one that has the error as its cause */
export function unavailable(error: unknown): never {
  if (error instanceof StoreUnavailableError) throw error;
  throw new StoreUnavailableError('The embedded store failed.', { cause: error });
}

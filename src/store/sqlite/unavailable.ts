import { StoreUnavailableError } from '../job-store.ts';

/** @throws StoreUnavailableError always, with what went wrong as its cause */
export function unavailable(error: unknown): never {
  throw new StoreUnavailableError('The embedded store failed.', { cause: error });
}

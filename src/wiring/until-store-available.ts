import { backoffMs } from '../domain/polling/backoff.ts';
import { emitFault } from '../events/emit-fault.ts';
import type { EventEmitter } from '../events/gateway-events.ts';
import { systemClock } from '../process/clocks.ts';
import { StoreUnavailableError } from '../store/job-store.ts';

/**
 * Repeats a part of the start while the store cannot be reached: Redis may restart at that moment.
 *
 * @throws the signal's reason; other errors of the work
 */
export async function untilStoreAvailable<T>(
  work: () => Promise<T>,
  { events, signal }: { readonly events: EventEmitter; readonly signal: AbortSignal },
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      signal.throwIfAborted();
      const retryInMs = backoffMs(failures, Math.random()) / 4;
      const message = 'the store failed during the start; trying again';
      emitFault(events, 'store', 'warn', message, { err: error, retryInMs });
      await systemClock.sleep(retryInMs, signal);
      signal.throwIfAborted();
    }
  }
}

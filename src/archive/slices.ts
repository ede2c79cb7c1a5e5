import type { Clock } from '../domain/clock.ts';
import { backoffMs } from '../domain/polling/backoff.ts';
import { emitFault } from '../events/emit-fault.ts';
import type { EventEmitter } from '../events/gateway-events.ts';

/** What work on all jobs needs. */
export interface SliceOptions {
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly events: EventEmitter;
}

/** Jobs of a slice: on the embedded store, a slice takes about a millisecond. */
export const SLICE = 200;
/** Milliseconds between two slices: a million jobs take two minutes, and other work hardly notices. */
const PAUSE_MS = 25;

/**
 * Works on all jobs in slices. While the store fails, it waits.
 *
 * @param work on a slice, from a cursor to the cursor of the next one; null is before the first and after the last slice
 * @throws the signal's reason
 */
export async function inSlices(
  work: (cursor: string | null) => Promise<string | null>,
  options: SliceOptions,
  signal: AbortSignal,
): Promise<void> {
  for (let cursor: string | null = null; ;) {
    const from: string | null = cursor;
    cursor = await untilStored(() => work(from), options, signal);
    if (cursor === null) return;
    await options.clock.sleep(PAUSE_MS, signal);
  }
}

/** Repeats work until the store does not fail. @throws the signal's reason */
export async function untilStored<T>(
  work: () => Promise<T>,
  { clock, random, events }: SliceOptions,
  signal: AbortSignal,
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      const message = 'the search for videos that are not in the archive yet pauses; it continues later';
      emitFault(events, 'archiver', 'warn', message, { err: error });
      await clock.sleep(backoffMs(failures, random()), signal);
    }
  }
}

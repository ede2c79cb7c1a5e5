import type { Clock } from '../domain/clock.ts';
import { backoffMs } from '../domain/polling/backoff.ts';
import { emitFault } from '../events/emit-fault.ts';
import type { EventEmitter, FaultEvent } from '../events/gateway-events.ts';

export interface WorkLoopOptions {
  /** One run. Resolves with the milliseconds until the next one, unless the loop is woken. */
  readonly work: () => Promise<number>;
  readonly events: EventEmitter;
  /** The fault that is emitted when a run fails, with the error and the pause until the next run, which grows with each failure in a row. */
  readonly fault: Pick<FaultEvent, 'part' | 'message'>;
  /** The longest pause after a failure, in milliseconds. */
  readonly maxFaultPauseMs: number;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** Repeats work, one run after the other, until it is stopped. */
export class WorkLoop {
  readonly #options: WorkLoopOptions;
  readonly #stopping = new AbortController();
  #wakeUp = new AbortController();
  #ended: Promise<void> = Promise.resolve();

  constructor(options: WorkLoopOptions) {
    this.#options = options;
  }

  get isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Does nothing after a stop. Call it once. */
  start(): void {
    this.#ended = this.#run();
  }

  /** Ends the present pause. During a run, the pause after it is left out. */
  wake(): void {
    this.#wakeUp.abort();
  }

  /** Begins no further run, and waits for the present one. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.wake();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { work, events, fault, maxFaultPauseMs, clock, random } = this.#options;
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      // Created before the run reads the store, so that a wake-up during the read is not lost.
      this.#wakeUp = new AbortController();
      let pauseMs: number;
      try {
        pauseMs = await work();
        failures = 0;
      } catch (error) {
        pauseMs = Math.min(maxFaultPauseMs, backoffMs(++failures, random()));
        emitFault(events, fault.part, 'error', fault.message, { err: error, retryInMs: pauseMs });
      }
      if (pauseMs > 0 && !this.#stopping.signal.aborted) await clock.sleep(pauseMs, this.#wakeUp.signal);
    }
  }
}

/** Waits for work that never rejects. After `graceMs` it aborts the work. */
export async function endWork(
  work: Promise<unknown>,
  aborting: AbortController,
  graceMs: number,
  clock: Clock,
): Promise<void> {
  const ended = new AbortController();
  const grace = clock.sleep(graceMs, ended.signal).then(() => aborting.abort());
  await work;
  ended.abort();
  await grace;
}

/** Upstream calls in progress at once. Most of the time each waits for the network. */
const CONCURRENCY = 256;
/** A step that takes longer than this is slow. */
const SLOW_STEP_MS = 2000;

/** A step in progress. */
export interface RunningStep {
  readonly startedAt: number;
  /** Resolves when the step has ended; never rejects. */
  done: Promise<void>;
  /** False when it makes no more upstream calls and only stores its result. */
  hasSlot: boolean;
}

/** The calls that may begin now. */
export interface FreeSlots {
  readonly slots: number;
  /** Whether slow steps hold half of all slots. */
  readonly isCrowded: boolean;
}

/** The steps in progress of one poller, and the slots for upstream calls that they leave free. */
export class RunningSteps {
  /** By job. */
  readonly #steps = new Map<string, RunningStep>();

  get jobIds(): readonly string[] {
    return [...this.#steps.keys()];
  }

  /** When slow steps hold half of the slots, half of the free slots stay reserved for jobs that become due later. */
  freeSlots(now: number): FreeSlots {
    const running = [...this.#steps.values()].filter(({ hasSlot }) => hasSlot);
    const free = Math.max(0, CONCURRENCY - running.length);
    if (free > CONCURRENCY / 2) return { slots: free, isCrowded: false };
    const slow = running.filter(({ startedAt }) => now - startedAt > SLOW_STEP_MS).length;
    const isCrowded = slow >= CONCURRENCY / 2;
    return { slots: isCrowded ? Math.ceil(free / 2) : free, isCrowded };
  }

  /** Adds a step that has a slot. */
  add(jobId: string, startedAt: number): RunningStep {
    const step = { startedAt, done: Promise.resolve(), hasSlot: true };
    this.#steps.set(jobId, step);
    return step;
  }

  delete(jobId: string): void {
    this.#steps.delete(jobId);
  }

  /** Resolves when the present steps have ended. */
  async end(): Promise<void> {
    await Promise.all(this.#steps.values().map(({ done }) => done));
  }
}

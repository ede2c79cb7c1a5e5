import type { DueJob } from '../store/job-store.ts';

/** The number of remembered owners; past it, owners without a lead are dropped. */
const MAX_OWNERS = 1000;

/** The last call of an owner. */
interface Served {
  /** The number of the call. */
  readonly turn: number;
  /** Whether the previous call about that job had failed. */
  readonly wasFailing: boolean;
}

interface Ranked {
  readonly due: DueJob;
  readonly priority: number;
}

/**
 * Shares calls among owners when not all due calls can be made: the owners with due jobs get a call in turn, however many jobs
 * each has. This is start-time fair queueing (P. Goyal, H. Vin, H. Cheng, 1996) with calls of equal size: each call has a number
 * in its owner's sequence, the lowest number is served first, and an owner gains no lead while it has no calls. Jobs that keep
 * failing get every other call of their owner.
 */
export class OwnerTurns {
  readonly #served = new Map<string, Served>();
  /** The number of the call that was served last. */
  #now = 0;

  /** Orders calls: the owners in turn, each owner's failing jobs and other jobs in turn, and of those the highest priority first. */
  order(due: readonly DueJob[], priority: (due: DueJob) => number): DueJob[] {
    const ranked = due
      .map((one) => ({ due: one, priority: priority(one) }))
      .toSorted((a, b) => b.priority - a.priority);
    return [...Map.groupBy(ranked, (one) => one.due.job.ownerId)]
      .flatMap(([ownerId, calls]) => {
        const first = this.#turnOf(ownerId);
        return this.#mixed(ownerId, calls).map((one, index) => ({
          due: one.due,
          priority: one.priority,
          turn: first + index,
        }));
      })
      .toSorted((a, b) => a.turn - b.turn || b.priority - a.priority)
      .map((one) => one.due);
  }

  /** Counts a call about this job. */
  onServed({ job, failureCount }: DueJob): void {
    const turn = this.#turnOf(job.ownerId);
    this.#served.set(job.ownerId, { turn, wasFailing: failureCount > 0 });
    this.#now = Math.max(this.#now, turn - 1);
    if (this.#served.size <= MAX_OWNERS) return;
    for (const [owner, last] of this.#served) if (last.turn <= this.#now) this.#served.delete(owner);
  }

  /** The number of the owner's next call. */
  #turnOf(ownerId: string): number {
    return Math.max(this.#now, this.#served.get(ownerId)?.turn ?? 0) + 1;
  }

  #mixed(ownerId: string, calls: readonly Ranked[]): Ranked[] {
    const failing = calls.filter(({ due }) => due.failureCount > 0);
    const others = calls.filter(({ due }) => due.failureCount === 0);
    const isFailingFirst = this.#served.get(ownerId)?.wasFailing === false;
    const [first, second] = isFailingFirst ? [failing, others] : [others, failing];
    const length = Math.max(first.length, second.length);
    return Array.from({ length }, (_, index) => [first[index], second[index]])
      .flat()
      .filter((one) => one !== undefined);
  }
}

import type { DueJob } from '../store/job-store.ts';

/** Owners that are remembered before those that had no more than their share are forgotten. */
const MAX_OWNERS = 1000;

/** What is remembered of an owner. */
interface Served {
  /** The number of the last call that it got. */
  readonly turn: number;
  /** Whether that was about a job whose call before had failed. */
  readonly wasFailing: boolean;
}

/** A due call with its place. */
interface Ranked {
  readonly due: DueJob;
  readonly priority: number;
}

/**
 * Shares calls among owners when not all that are due can be made: each owner that has something due gets a call in turn,
 * however much the others have due. This is start-time fair queueing (P. Goyal, H. Vin, H. Cheng, 1996) with calls of
 * equal size: each call has a number in its owner's sequence, an owner without calls is not ahead when it comes back,
 * and the lowest number is served first. Of an owner's calls, those about jobs that keep failing get every other one.
 */
export class OwnerTurns {
  readonly #served = new Map<string, Served>();
  /** The number of the call that was served last. */
  #now = 0;

  /** Orders calls: of each owner the most important first, failing jobs and others in turn, the owners in turn. */
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

  /** A call about this job is made. */
  served({ job, failureCount }: DueJob): void {
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

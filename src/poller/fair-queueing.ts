import type { DueJob } from '../store/job-store.ts';

/** The number of remembered owners; past it, owners without a lead are dropped. */
const MAX_OWNERS = 1000;

/** The last call of an owner. */
interface LastCall {
  readonly startTag: number;
  /** Whether the previous call about that job had failed. */
  readonly wasFailing: boolean;
}

interface RankedJob {
  readonly due: DueJob;
  readonly priority: number;
}

/**
 * Shares calls among owners when not all due calls can be made: the owners with due jobs get calls in rotation, however many jobs
 * each has. This is start-time fair queueing (P. Goyal, H. Vin, H. Cheng, 1996) with calls of equal size: each call has a start tag,
 * its number in its owner's sequence. The lowest start tag is served first, and an owner gains no lead while it has no calls. Jobs
 * that keep failing get every other call of their owner.
 */
export class FairQueueing {
  readonly #lastCalls = new Map<string, LastCall>();
  /** The start tag of the call that was served last. */
  #virtualTime = 0;

  /**
   * Orders calls: the owners in rotation, each owner's failing and other jobs alternately, and of those the highest priority first.
   */
  order(due: readonly DueJob[], priority: (due: DueJob) => number): DueJob[] {
    const ranked = due
      .map((one) => ({ due: one, priority: priority(one) }))
      .toSorted((a, b) => b.priority - a.priority);
    return [...Map.groupBy(ranked, (one) => one.due.job.ownerId)]
      .flatMap(([ownerId, calls]) => {
        const first = this.#nextStartTag(ownerId);
        return this.#alternate(ownerId, calls).map((one, index) => ({
          due: one.due,
          priority: one.priority,
          startTag: first + index,
        }));
      })
      .toSorted((a, b) => a.startTag - b.startTag || b.priority - a.priority)
      .map((one) => one.due);
  }

  /** Counts a call about this job. */
  onServed({ job, failureCount }: DueJob): void {
    const startTag = this.#nextStartTag(job.ownerId);
    this.#lastCalls.set(job.ownerId, { startTag, wasFailing: failureCount > 0 });
    this.#virtualTime = Math.max(this.#virtualTime, startTag - 1);
    if (this.#lastCalls.size <= MAX_OWNERS) return;
    for (const [owner, last] of this.#lastCalls)
      if (last.startTag <= this.#virtualTime) this.#lastCalls.delete(owner);
  }

  #nextStartTag(ownerId: string): number {
    return Math.max(this.#virtualTime, this.#lastCalls.get(ownerId)?.startTag ?? 0) + 1;
  }

  #alternate(ownerId: string, calls: readonly RankedJob[]): RankedJob[] {
    const failing = calls.filter(({ due }) => due.failureCount > 0);
    const others = calls.filter(({ due }) => due.failureCount === 0);
    const isFailingFirst = this.#lastCalls.get(ownerId)?.wasFailing === false;
    const [first, second] = isFailingFirst ? [failing, others] : [others, failing];
    const length = Math.max(first.length, second.length);
    return Array.from({ length }, (_, index) => [first[index], second[index]])
      .flat()
      .filter((one) => one !== undefined);
  }
}

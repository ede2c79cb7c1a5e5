import type { DueJob } from '../store/job-store.ts';

/** Owners that are remembered before those that had no more than their share are forgotten. */
const MAX_OWNERS = 1000;

/**
 * Shares calls among owners when not all that are due can be made: each owner that has something due gets a call in turn,
 * however much the others have due. This is start-time fair queueing (P. Goyal, H. Vin, H. Cheng, 1996) with calls of
 * equal size: each call has a number in its owner's sequence, an owner without calls is not ahead when it comes back,
 * and the lowest number is served first.
 */
export class OwnerTurns {
  /** The number of the last call that each owner got. */
  readonly #last = new Map<string, number>();
  /** The number of the call that was served last. */
  #now = 0;

  /** Orders calls: of each owner the most important first, the owners in turn. */
  order(due: readonly DueJob[], priority: (due: DueJob) => number): DueJob[] {
    const ranked = due
      .map((one) => ({ due: one, priority: priority(one) }))
      .toSorted((a, b) => b.priority - a.priority);
    const next = new Map<string, number>();
    return ranked
      .map((one) => {
        const { ownerId } = one.due.job;
        const turn = (next.get(ownerId) ?? this.#lastOf(ownerId)) + 1;
        next.set(ownerId, turn);
        return { due: one.due, priority: one.priority, turn };
      })
      .toSorted((a, b) => a.turn - b.turn || b.priority - a.priority)
      .map((one) => one.due);
  }

  /** An owner got a call. */
  served(ownerId: string): void {
    const turn = this.#lastOf(ownerId) + 1;
    this.#last.set(ownerId, turn);
    this.#now = Math.max(this.#now, turn - 1);
    if (this.#last.size <= MAX_OWNERS) return;
    for (const [owner, last] of this.#last) if (last <= this.#now) this.#last.delete(owner);
  }

  #lastOf(ownerId: string): number {
    return Math.max(this.#now, this.#last.get(ownerId) ?? 0);
  }
}

import type { Clock } from '../../src/domain/clock.ts';
import type { JobStore } from '../../src/store/job-store.ts';
import { overrideStore } from '../../test/support/override-store.ts';

/** What a poller did in its store. */
export interface Seen {
  /** Steps that began. */
  steps: number;
  /** Of each, by how many milliseconds it was late. */
  late: number[];
}

/**
 * A store that notes a poller's steps, and gives each job its next look a cycle later, so that the work is steady.
 *
 * @param runAt of each job its next look, in epoch milliseconds
 */
export function watchedStore(
  store: JobStore,
  clock: Clock,
  cycleMs: number,
  runAt: Map<string, number>,
): { store: JobStore; seen: Seen } {
  const seen: Seen = { steps: 0, late: [] };
  const watched = overrideStore(store, {
    leaseDue: async (query) => {
      const leases = await store.leaseDue(query);
      const now = clock.now();
      for (const { job } of leases) {
        seen.steps += 1;
        seen.late.push(now - (runAt.get(job.id) ?? now));
      }
      return leases;
    },
    release: (leased, schedule) => {
      const next = Math.max(schedule.runAt, (runAt.get(leased.job.id) ?? 0) + cycleMs);
      runAt.set(leased.job.id, next);
      return store.release(leased, { ...schedule, runAt: next });
    },
  });
  return { store: watched, seen };
}

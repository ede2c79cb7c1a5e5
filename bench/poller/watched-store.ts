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
    claimDue: async (query) => {
      const claims = await store.claimDue(query);
      const now = clock.now();
      for (const { job } of claims) {
        seen.steps += 1;
        seen.late.push(now - (runAt.get(job.id) ?? now));
      }
      return claims;
    },
    release: (claim, schedule) => {
      const next = Math.max(schedule.runAt, (runAt.get(claim.job.id) ?? 0) + cycleMs);
      runAt.set(claim.job.id, next);
      return store.release(claim, { ...schedule, runAt: next });
    },
  });
  return { store: watched, seen };
}

import { newJobId } from '../../src/domain/job/job-id.ts';
import type { Job, JobPhase } from '../../src/domain/job/job.ts';
import type { JobStore, ListQuery } from '../../src/store/job-store.ts';
import { acceptedJob, completed, createdAtOf, type History, ownerOf, WORDS } from './jobs.ts';
import { WIDE_LIMITS } from './load.ts';
import type { SetClock } from './opened-store.ts';

/** A page as GraphQL asks for it: 20 jobs and one more. */
const PAGE = 21;
const LEASE_MS = 60_000;
const LEASED = 10;
const FAILED: readonly JobPhase[] = ['failed'];
const PROCESSING: readonly JobPhase[] = ['processing', 'collecting'];

/** A call that is measured, by its name in the report. The index makes each call another one. */
export type Calls = Readonly<Record<string, (index: number) => Promise<unknown>>>;

/** The calls that leave the history as it is, but for new jobs. */
export function callsOf(storeOf: () => JobStore, clock: SetClock, history: History): Calls {
  const list = (query: Partial<ListQuery>) => (index: number) =>
    storeOf().list({
      ownerId: ownerOf(index * 37, history.owners),
      phases: null,
      olderThan: null,
      newerThan: null,
      ascending: false,
      limit: PAGE,
      ...query,
    });
  const middle = newJobId(createdAtOf(history.jobs / 2, history), new Uint8Array(16));
  const newJobs: ReturnType<typeof acceptedJob>[] = [];
  const finalJobs: Job[] = [];
  const search = (prompt: string) => (index: number) => list({ prompt })(index);
  const prompts: Calls = storeOf().searchesPrompts
    ? {
        'prompt search, common word': search(WORDS.common),
        'prompt search, rare word': search(WORDS.rare),
        'prompt search, word of no job': search(WORDS.none),
      }
    : {};
  return {
    'first page': list({}),
    'page in the middle': list({ olderThan: middle }),
    'last page': list({ ascending: true }),
    'first page, rare status': list({ phases: FAILED }),
    'last page, rare status': list({ phases: FAILED, ascending: true }),
    'first page, status of no job': list({ phases: PROCESSING }),
    ...prompts,
    create: (index) => {
      clock.time += 1;
      const owner = ownerOf(index * 37, history.owners);
      const job = acceptedJob(owner, clock.time, `a cat that is new, take ${index}`, null);
      newJobs.push(job);
      return storeOf().create({ job, idempotencyKey: null, fingerprint: '', limits: WIDE_LIMITS });
    },
    'save of a final version': async () => {
      const job = newJobs.pop();
      if (job === undefined) return;
      const final = completed(job);
      finalJobs.push(final);
      await storeOf().save('', { job: final, schedule: null, addsFileTask: true });
    },
    removal: async () => {
      const job = finalJobs.pop();
      if (job !== undefined) await storeOf().remove(job);
    },
    claim: async () => {
      const store = storeOf();
      const now = clock.time;
      const query = { now, limit: LEASED, callLimit: LEASED, except: [] };
      const candidates = await store.findCandidates(query);
      const preferred = candidates?.slice(0, LEASED).map(({ job }) => job.id) ?? null;
      const leased = await store.leaseDue({ ...query, leaseUntil: now + LEASE_MS, preferred });
      if (leased.length !== LEASED) throw new Error(`${leased.length} jobs were leased.`);
      const schedule = { runAt: now, failureCount: 0, lastPolledAt: null };
      await Promise.all(leased.map((one) => store.release(one, schedule)));
    },
    'next due time': () => storeOf().nextDueAt(),
  };
}

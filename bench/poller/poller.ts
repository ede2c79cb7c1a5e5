/**
 * A process that polls many jobs that never finish. Usage: poller.ts <upstream> <jobs> [<redis; default: SQLite>]
 *
 * Each job is due once per cycle, so that the work is steady. When the clock jumps by a cycle, all jobs are due at once.
 */
import type { Clock } from '../../src/domain/clock.ts';
import { newJobId } from '../../src/domain/job/job-id.ts';
import type { Job } from '../../src/domain/job/job.ts';
import { LearnedDurations } from '../../src/poller/learned-durations.ts';
import { Poller } from '../../src/poller/poller.ts';
import { systemClock } from '../../src/process/clocks.ts';
import { SegmindUpstream } from '../../src/providers/segmind/segmind-upstream.ts';
import { SharedCallBudget } from '../../src/store/call-budget.ts';
import { SharedDurations } from '../../src/store/durations.ts';
import type { JobStore } from '../../src/store/job-store.ts';
import { keys } from '../../src/store/redis/keys.ts';
import { RedisJobStore } from '../../src/store/redis/redis-job-store.ts';
import { RedisSharedText } from '../../src/store/redis/redis-shared-text.ts';
import { RedisSubmissions } from '../../src/store/redis/redis-submissions.ts';
import { SqliteSharedText } from '../../src/store/sqlite/sqlite-shared-text.ts';
import { SqliteSubmissions } from '../../src/store/sqlite/sqlite-submissions.ts';
import { overrideStore } from '../../test/support/override-store.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { percentile } from '../measure/statistics.ts';
import { FAR_AWAY, runningJob } from '../reelgate/jobs.ts';
import { NO_LIMITS, openFolder } from '../reelgate/put-jobs.ts';
import { cpuSeconds, obey, ready } from '../servers/control.ts';
import { printFaults } from '../servers/print-faults.ts';

export interface PollerOutput {
  readonly stepsPerSecond: number;
  readonly cpuMsPerStep: number;
  /** Delay of the steps in milliseconds. */
  readonly lateP50: number;
  readonly lateP95: number;
}

/** The system's clock plus an offset. */
class ShiftedClock implements Clock {
  #aheadMs = 0;

  readonly now = () => systemClock.now() + this.#aheadMs;

  readonly sleep: Clock['sleep'] = (ms, signal) => systemClock.sleep(ms, signal);

  advance(ms: number): void {
    this.#aheadMs += ms;
  }
}

/** Due steps per second while the work is steady. */
const DEMAND = 1000;
const HOUR_MS = 3_600_000;
const BATCH = 500;

const [upstreamUrl = '', jobs = '0', redisUrl] = process.argv.slice(2);
const jobCount = Number(jobs);
const cycleMs = (jobCount / DEMAND) * 1000;
const events = printFaults();
const clock = new ShiftedClock();
/** The next poll of each job, in epoch milliseconds. */
const runAt = new Map<string, number>();
/** Of each step since the measurement began, how late it was. */
let lateMs: number[] = [];
using folder = tempFolder();
const { store, durationStore, submissions, budgetText } =
  redisUrl === undefined ? openSqlite() : await openRedis(redisUrl);
await putQueuedJobs(store);
if ('database' in store) store.database.exec('PRAGMA synchronous = FULL');

const poller = new Poller({
  store: recordSteps(store),
  upstream: new SegmindUpstream({
    origin: upstreamUrl,
    apiKey: 'SG_bench',
    now: clock.now,
    events,
    historyUrl: null,
  }),
  clock,
  random: Math.random,
  submissions,
  budget: new SharedCallBudget(budgetText, 0, clock.now, events),
  callTimeoutMs: 30_000,
  durations: new LearnedDurations({ store: durationStore, clock, upstream: 'bench', typicalMs: 53_380 }),
  retentionMs: HOUR_MS,
  archives: false,
  targetsOf: () => [],
  events,
});

obey({
  start: () => poller.start(),
  /** Makes all jobs due at once. */
  flood: () => clock.advance(cycleMs),
  measure: async ({ seconds }: { seconds: number }): Promise<PollerOutput> => {
    lateMs = [];
    const before = cpuSeconds();
    const started = performance.now();
    await systemClock.sleep(seconds * 1000, new AbortController().signal);
    const elapsed = (performance.now() - started) / 1000;
    const used = cpuSeconds() - before;
    const late = Float64Array.from(lateMs);
    return {
      stepsPerSecond: late.length / elapsed,
      cpuMsPerStep: (used * 1000) / late.length,
      lateP50: percentile(late, 0.5),
      lateP95: percentile(late, 0.95),
    };
  },
});
ready();

function openSqlite() {
  const opened = openFolder(folder.path);
  const { database, commits } = opened;
  return {
    store: opened,
    durationStore: new SharedDurations(new SqliteSharedText(database, commits, 'durations')),
    submissions: new SqliteSubmissions(database, commits, clock.now),
    budgetText: new SqliteSharedText(database, commits, 'call-budget'),
  };
}

async function openRedis(url: string) {
  const opened = await RedisJobStore.open({
    location: { urls: [url], cluster: false },
    retentionMs: HOUR_MS,
    clock: systemClock,
    random: Math.random,
    events,
  });
  const { client, quarantine } = opened;
  return {
    store: opened,
    durationStore: new SharedDurations(new RedisSharedText(client, keys.durations)),
    submissions: new RedisSubmissions(client, quarantine),
    budgetText: new RedisSharedText(client, keys.budget),
  };
}

/** A new job is due at its creation, so its creation time is set to the time of its first poll. */
async function putQueuedJobs(into: JobStore): Promise<void> {
  const now = Date.now();
  for (let made = 0; made < jobCount; made += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, jobCount - made) }, () => queuedJob(now));
    await Promise.all(
      batch.map((job) => into.create({ job, idempotencyKey: null, fingerprint: '', limits: NO_LIMITS })),
    );
  }
  // Jobs that became due meanwhile must not be late.
  clock.advance(now - Date.now());
}

function queuedJob(now: number): Job {
  const due = Math.round(now + Math.random() * cycleMs);
  const id = newJobId(now, crypto.getRandomValues(new Uint8Array(16)));
  runAt.set(id, due);
  const submittedAt = now - 1000;
  return {
    ...runningJob(0, 3),
    id,
    phase: 'queued',
    upstreamId: `up-${id}`,
    createdAt: due,
    updatedAt: submittedAt,
    submittedAt,
    startedAt: null,
    deadlineAt: FAR_AWAY,
  };
}

/** Counts the steps of the poller, and schedules each job a cycle later, so that the work is steady. */
function recordSteps(observed: JobStore): JobStore {
  return overrideStore(observed, {
    leaseDue: async (query) => {
      const leases = await observed.leaseDue(query);
      const now = clock.now();
      for (const { job } of leases) lateMs.push(now - (runAt.get(job.id) ?? now));
      return leases;
    },
    release: (leased, schedule) => {
      const next = Math.max(schedule.runAt, (runAt.get(leased.job.id) ?? 0) + cycleMs);
      runAt.set(leased.job.id, next);
      return observed.release(leased, { ...schedule, runAt: next });
    },
  });
}

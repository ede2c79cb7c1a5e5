import { LRUCache } from 'lru-cache';
import type { Job } from '../../src/domain/job/job.ts';
import { GatewayEvents } from '../../src/events/gateway-events.ts';
import { processJob, type StepReport } from '../../src/poller/process-job.ts';
import type { SentOutcome, StepDependencies } from '../../src/poller/step.ts';
import type { HistoryEntry } from '../../src/providers/video-upstream.ts';
import type { FileTasks } from '../../src/store/file-tasks.ts';
import type { LeasedJob, JobStore } from '../../src/store/job-store.ts';
import { SqliteDeliveries } from '../../src/store/sqlite/sqlite-deliveries.ts';
import { SqliteFileTasks } from '../../src/store/sqlite/sqlite-file-tasks.ts';
import { SqliteSubmissions } from '../../src/store/sqlite/sqlite-submissions.ts';
import type { Submissions } from '../../src/store/submissions.ts';
import type { WebhookDeliveries } from '../../src/store/webhook-deliveries.ts';
import { leaseAll, present } from '../contract/job-store-cases/opened-store.ts';
import { openSqlite } from '../store/sqlite/open-sqlite.ts';
import { learnedDurations } from '../support/durations.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { acceptedJob, type JobFields, record, videoRequest, ownTarget } from '../support/jobs.ts';
import { DAY, MINUTE, NOON, SECOND } from '../support/times.ts';
import { FakeVideoUpstream, type UpstreamScript } from '../support/upstream/fake-video-upstream.ts';

/** The duration of a lease: longer than any call. */
export const LEASE_MS = MINUTE;
export const CALL_TIMEOUT_MS = 30 * SECOND;
export const RETENTION_MS = 7 * DAY;

/** A real store, a fake upstream and a clock, for steps of one job. */
export class StepHarness implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly events = new GatewayEvents();
  readonly upstream: FakeVideoUpstream;
  readonly store: JobStore;
  readonly submissions: Submissions;
  readonly fileTasks: FileTasks;
  readonly deliveries: WebhookDeliveries;
  readonly sent = new LRUCache<string, SentOutcome>({ max: 10 });
  /** Whether `reserveCall` grants a call. */
  mayCall = true;
  readonly cutting = new AbortController();
  readonly durations = learnedDurations(this.clock);
  random = 0.5;
  readonly #opened = openSqlite(this.clock);

  constructor(script: UpstreamScript = {}) {
    const { store } = this.#opened;
    this.store = store;
    this.submissions = new SqliteSubmissions(store.database, store.commits, this.clock.now);
    this.fileTasks = new SqliteFileTasks(store.database, store.commits);
    this.deliveries = new SqliteDeliveries(store.database, store.commits, store.quarantine);
    this.upstream = new FakeVideoUpstream(script, this.clock.now);
  }

  /** Stores a job in any phase. */
  async add(change: JobFields = {}): Promise<Job> {
    const job = acceptedJob({ createdAt: this.clock.now(), ...change });
    await this.store.create(record(job));
    return job;
  }

  /** Leases the one job that is due. */
  async lease(): Promise<LeasedJob> {
    const [leased, ...others] = await leaseAll(this.store, this.clock.now());
    if (others.length > 0) throw new Error('More than one job is due.');
    return present(leased);
  }

  /** Leases the one job that is due and moves it by a step. */
  async step(): Promise<StepReport> {
    return this.process(await this.lease());
  }

  /** Runs steps until no job is due within the time. */
  async stepFor(ms: number): Promise<void> {
    const until = this.clock.now() + ms;
    for (;;) {
      const dueIn = await this.dueInMs();
      if (dueIn === null || this.clock.now() + dueIn > until) return;
      await this.clock.advance(Math.max(0, dueIn));
      await this.step();
    }
  }

  process(leased: LeasedJob, change: Partial<StepDependencies> = {}): Promise<StepReport> {
    return processJob(leased, {
      store: this.store,
      upstream: this.upstream,
      clock: this.clock,
      leaseMs: LEASE_MS,
      submissions: this.submissions,
      sent: this.sent,
      reserveCall: async () => ({ granted: this.mayCall, waitMs: SECOND }),
      events: this.events,
      onCallsDone: () => {},
      random: () => this.random,
      callTimeoutMs: CALL_TIMEOUT_MS,
      durations: this.durations,
      retentionMs: RETENTION_MS,
      archives: true,
      targetsOf: ownTarget,
      signal: this.cutting.signal,
      ...change,
    });
  }

  /** The stored job. */
  async stored(job: Job): Promise<Job> {
    const [stored] = await this.store.getMany([job.id]);
    return present(stored);
  }

  /** Milliseconds from now until the job is due; null when it never is. */
  async dueInMs(): Promise<number | null> {
    const runAt = await this.store.nextDueAt();
    return runAt === null ? null : runAt - this.clock.now();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened[Symbol.asyncDispose]();
  }
}

/** A job that the upstream accepted earlier. */
export function running(phase: 'queued' | 'processing' | 'collecting', now: number): JobFields {
  return {
    phase,
    version: 3,
    createdAt: now - 15 * SECOND,
    deadlineAt: now + 40 * MINUTE,
    request: videoRequest({ prompt: 'running' }),
    upstreamId: 'up-running',
    submittedAt: now - 12 * SECOND,
    startedAt: phase === 'queued' ? null : now - 6 * SECOND,
  };
}

/** Runs a job at the upstream for some time. */
export async function runFor(
  ms: number,
  phase: 'processing' | 'collecting',
  script: UpstreamScript,
  change: JobFields = {},
): Promise<{ readonly job: Job; readonly calls: readonly string[]; readonly tookMs: number }> {
  await using harness = new StepHarness(script);
  const startedAt = harness.clock.now();
  const job = await harness.add({ ...running(phase, startedAt), ...change });
  await harness.stepFor(ms);
  return {
    job: await harness.stored(job),
    calls: harness.upstream.types,
    tookMs: harness.clock.now() - startedAt,
  };
}

export const KEPT_URL = 'https://files.example.com/kept.mp4';

/** The lookup of a completed job whose video is in the history. */
export function found(change: Partial<HistoryEntry> = {}) {
  const entry: HistoryEntry = {
    upstreamId: 'up-running',
    createdAt: NOON,
    state: 'completed',
    video: { url: KEPT_URL, base64: null, contentType: 'video/mp4', byteLength: null },
    message: null,
    costUsd: 0.53,
    ...change,
  };
  return { type: 'found', entry } as const;
}

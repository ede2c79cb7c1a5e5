import type { Job } from '../../src/domain/job/job.ts';
import { GatewayEvents } from '../../src/events/gateway-events.ts';
import { LearnedDurations } from '../../src/poller/learned-durations.ts';
import { Poller } from '../../src/poller/poller.ts';
import type { CallBudget } from '../../src/store/call-budget.ts';
import { SharedCallBudget } from '../../src/store/call-budget.ts';
import { SharedDurations } from '../../src/store/durations.ts';
import type { JobStore } from '../../src/store/job-store.ts';
import type { SqliteJobStore } from '../../src/store/sqlite/sqlite-job-store.ts';
import { SqliteSharedText } from '../../src/store/sqlite/sqlite-shared-text.ts';
import { SqliteSubmissions } from '../../src/store/sqlite/sqlite-submissions.ts';
import type { Submissions } from '../../src/store/submissions.ts';
import { GatewayLog } from '../../src/telemetry/logs/gateway-log.ts';
import { openSqlite } from '../store/sqlite/open-sqlite.ts';
import { TYPICAL_MS } from '../support/durations.ts';
import { FakeClock, settled } from '../support/fake-clock.ts';
import { acceptedJob, type JobFields, record, videoRequest, ownTarget } from '../support/jobs.ts';
import { overrideStore } from '../support/override-store.ts';
import { FakeVideoUpstream, type UpstreamScript } from '../support/upstream/fake-video-upstream.ts';
import { CALL_TIMEOUT_MS, RETENTION_MS } from './step-harness.ts';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly details: object;
}

export interface PollerHarnessOptions {
  readonly script?: UpstreamScript;
  /** @default 0 // no limit */
  readonly rpm?: number;
  /** Wraps the store for the pollers. */
  readonly wrap?: (store: SqliteJobStore) => JobStore;
}

/** A poller on a real store, a fake upstream and a fake clock. */
export class PollerHarness implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly upstream: FakeVideoUpstream;
  readonly store: SqliteJobStore;
  readonly poller: Poller;
  readonly events = new GatewayEvents();
  readonly log: LogLine[] = [];
  readonly #gatewayLog: GatewayLog;
  readonly durations: LearnedDurations;
  /** How often the poller tried to lease jobs. */
  leases = 0;
  readonly #opened = openSqlite(this.clock);
  readonly #budget: CallBudget;
  readonly #submissions: Submissions;
  readonly #counted: JobStore;
  #named = 0;

  constructor({ script = {}, rpm = 0, wrap = (store) => store }: PollerHarnessOptions = {}) {
    const note = (level: LogLine['level']) => (details: object, message: string) => {
      this.log.push({ level, message, details });
    };
    const log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
    this.#gatewayLog = new GatewayLog(log, new FakeClock(), this.events);
    this.store = this.#opened.store;
    this.upstream = new FakeVideoUpstream(script, this.clock.now);
    const { database, commits } = this.store;
    const state = new SqliteSharedText(database, commits, 'call-budget');
    this.#budget = new SharedCallBudget(state, rpm, this.clock.now, this.events);
    this.#submissions = new SqliteSubmissions(database, commits, this.clock.now);
    this.durations = new LearnedDurations({
      store: new SharedDurations(new SqliteSharedText(this.store.database, this.store.commits, 'durations')),
      clock: this.clock,
      upstream: 'test',
      typicalMs: TYPICAL_MS,
    });
    const wrapped = wrap(this.store);
    this.#counted = overrideStore(wrapped, {
      leaseDue: (query) => {
        this.leases += 1;
        return wrapped.leaseDue(query);
      },
    });
    this.poller = this.addPoller();
  }

  /** Another poller on the same store, upstream and budget. */
  addPoller(): Poller {
    let seed = 1;
    return new Poller({
      store: this.#counted,
      upstream: this.upstream,
      clock: this.clock,
      // A linear congruential generator: uniform, and the same in each run.
      random: () => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31,
      budget: this.#budget,
      submissions: this.#submissions,
      callTimeoutMs: CALL_TIMEOUT_MS,
      durations: this.durations,
      retentionMs: RETENTION_MS,
      archives: true,
      targetsOf: ownTarget,
      events: this.events,
    });
  }

  /** Creates jobs with numbers as prompts, and so as upstream ids. */
  async accept(count: number, change: JobFields = {}): Promise<Job[]> {
    const jobs: Job[] = [];
    for (let i = 0; i < count; i += 1) {
      const request = videoRequest({ prompt: String(this.#named++) });
      const job = acceptedJob({ request, createdAt: this.clock.now(), ...change });
      await this.store.create(record(job));
      jobs.push(job);
    }
    await settled();
    return jobs;
  }

  /** The stored jobs. */
  async stored(jobs: readonly Job[]): Promise<Job[]> {
    const stored = await this.store.getMany(jobs.map(({ id }) => id));
    return stored.filter((job) => job !== null);
  }

  errors(): LogLine[] {
    return this.log.filter((line) => line.level === 'error');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.poller.stop(0);
    this.#gatewayLog[Symbol.dispose]();
    await this.#opened[Symbol.asyncDispose]();
  }
}

import fc from 'fast-check';
import { LRUCache } from 'lru-cache';
import { describe, expect, it } from 'vitest';
import { isFinal, JOB_PHASES, type Job } from '../../src/domain/job/job.ts';
import { processJob } from '../../src/poller/process-job.ts';
import type { SentOutcome } from '../../src/poller/step.ts';
import type {
  CommonOutcome,
  ResultOutcome,
  StatusOutcome,
  SubmitOutcome,
} from '../../src/providers/video-upstream.ts';
import { SqliteJobStore } from '../../src/store/sqlite/sqlite-job-store.ts';
import { SqliteSubmissions } from '../../src/store/sqlite/sqlite-submissions.ts';
import { leaseAll, present } from '../contract/job-store-cases/opened-store.ts';
import { sqliteOptions } from '../store/sqlite/open-sqlite.ts';
import { learnedDurations } from '../support/durations.ts';
import { NO_EVENTS } from '../support/events.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { acceptedJob, record, ownTarget } from '../support/jobs.ts';
import { Recorder } from '../support/recorder.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { DAY, SECOND } from '../support/times.ts';
import { FakeVideoUpstream, transientError, VIDEO_READY } from '../support/upstream/fake-video-upstream.ts';
import { Interruption } from './interruption.ts';
import { CALL_TIMEOUT_MS, LEASE_MS } from './step-harness.ts';

const DEADLINE_MS = 120 * SECOND;

/** The failures of one step. */
interface StepFailures {
  readonly submit: SubmitOutcome;
  readonly status: StatusOutcome;
  readonly result: ResultOutcome;
  /** How long its call takes, unless its timeout is shorter. */
  readonly callMs: number;
  readonly interruption: {
    readonly call: number;
    readonly answered: boolean;
    /** What happens next: the lease expires, the process restarts, or the step continues after other steps. */
    readonly sequel: 'lost' | 'restarted' | 'stalled';
  } | null;
}

const faultOf = <T extends string>(type: T) =>
  fc.record({
    type: fc.constant(type),
    reason: fc.constant('answered 503'),
    apiAnswered: fc.boolean(),
    rateLimited: fc.boolean(),
    retryAfterMs: fc.option(fc.integer({ min: 0, max: 20 * SECOND })),
  });
const end: fc.Arbitrary<CommonOutcome> = fc.oneof(
  { weight: 6, arbitrary: faultOf('inconclusive') },
  fc.constant({ type: 'failed' as const, message: 'blocked', metrics: null }),
  fc.constant({ type: 'not-found' as const, reason: 'HTTP 404' }),
);
const stepFailures: fc.Arbitrary<StepFailures> = fc.record({
  submit: fc.oneof(
    { weight: 4, arbitrary: faultOf('not-created') },
    { weight: 4, arbitrary: fc.constant({ type: 'accepted' as const, upstreamId: 'up-1' }) },
    fc.constant({ type: 'unknown' as const, message: 'lost', apiAnswered: false, candidateId: null }),
    fc.constant({ type: 'refused' as const, code: 'REJECTED' as const, message: 'no' }),
  ),
  status: fc.oneof(
    fc.constantFrom<StatusOutcome>(
      { type: 'queued' },
      { type: 'processing' },
      { type: 'completed', metrics: null },
    ),
    end,
  ),
  result: fc.oneof(fc.constant(VIDEO_READY), end),
  callMs: fc.integer({ min: 0, max: CALL_TIMEOUT_MS }),
  interruption: fc.option(
    fc.record({
      call: fc.integer({ min: 0, max: 2 }),
      answered: fc.boolean(),
      sequel: fc.constantFrom('lost' as const, 'restarted' as const, 'stalled' as const),
    }),
    { freq: 3 },
  ),
});

describe('a job under any sequence of failures', () => {
  it('is sent once unless the POST created nothing, ends by its deadline, and changes version by version', async () => {
    const ends = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(stepFailures, { maxLength: 12, size: 'max' }), async (failures) => {
        await using world = new World();
        const job = await world.run(failures);

        const sent = world.submits.map((outcome) => outcome.type);
        expect(sent.slice(0, -1).every((type) => type === 'not-created')).toBe(true);
        expect(isFinal(job)).toBe(true);
        // Each frozen poller may have held the job for a lease and then have made a call.
        const grace = world.interruptions * (LEASE_MS + CALL_TIMEOUT_MS + 30 * SECOND);
        expect(job.finishedAt).toBeLessThanOrEqual(job.deadlineAt + grace);
        const versions = world.recorder.versions;
        expect(versions).toEqual(Array.from({ length: job.version }, (_, index) => index + 1));
        expect(world.recorder.jobs.at(-1)).toEqual(job);
        expectForwardOnly(world.recorder.jobs);
        ends.add(job.failure?.code ?? job.phase);
      }),
      // The seed is fixed, because the coverage of the runs is asserted below.
      { numRuns: 150, seed: 7 },
    );
    // The runs covered all outcomes.
    const seen = [
      'completed',
      'SUBMISSION_UNKNOWN',
      'UPSTREAM_UNAVAILABLE',
      'TIMED_OUT',
      'GENERATION_FAILED',
    ];
    expect([...ends]).toEqual(expect.arrayContaining(seen));
  });
});

/** One job, its store and its upstream, on a clock. */
class World implements AsyncDisposable {
  readonly submits: SubmitOutcome[] = [];
  readonly recorder = new Recorder();
  interruptions = 0;
  readonly #clock = new FakeClock();
  readonly #folder = tempFolder();
  #store = this.#open();
  #process = new AbortController();
  /** Continues the frozen step, if any. */
  #resume: () => Promise<unknown> = () => Promise.resolve();

  /** Creates the job and moves it until it is final. @returns the job as it is stored then */
  async run(failures: readonly StepFailures[]): Promise<Job> {
    const job = acceptedJob({ deadlineAt: this.#clock.now() + DEADLINE_MS });
    await this.#watch();
    await this.#store.create(record(job));
    const rest = failures.values();
    for (;;) {
      const runAt = await this.#store.nextDueAt();
      if (runAt === null) break;
      this.#clock.jump(Math.max(0, runAt - this.#clock.now()));
      const resume = this.#resume;
      this.#resume = () => Promise.resolve();
      await this.#step(rest.next().value ?? CALM);
      await resume();
    }
    await this.#resume();
    const [stored] = await this.#store.getMany([job.id]);
    return present(stored);
  }

  async #step(given: StepFailures): Promise<void> {
    const [leased] = await leaseAll(this.#store, this.#clock.now());
    const { call, answered, sequel } = given.interruption ?? NEVER;
    const interruption = new Interruption(call, answered);
    const upstream = new FakeVideoUpstream(this.#script(given), this.#clock.now);
    const step = processJob(present(leased), {
      store: interruption.store(this.#store),
      upstream: interruption.upstream(upstream),
      clock: this.#clock,
      leaseMs: LEASE_MS,
      submissions: new SqliteSubmissions(this.#store.database, this.#store.commits, this.#clock.now),
      // Each step runs as in another process.
      sent: new LRUCache<string, SentOutcome>({ max: 10 }),
      reserveCall: async () => ({ granted: true, waitMs: 0 }),
      events: NO_EVENTS,
      onCallsDone: () => {},
      random: () => 0.5,
      callTimeoutMs: CALL_TIMEOUT_MS,
      durations: learnedDurations(this.#clock),
      retentionMs: DAY,
      archives: true,
      targetsOf: ownTarget,
      signal: this.#process.signal,
      // A step that continues after a restart finds its store closed.
    }).catch(() => 'failed');
    if ((await Promise.race([step, interruption.reached])) !== 'interrupted') return;
    this.interruptions += 1;
    if (sequel === 'restarted') await this.#restart();
    else this.#clock.jump(LEASE_MS);
    if (sequel === 'lost') return;
    this.#resume = () => {
      interruption.resume();
      return step;
    };
  }

  #script(given: StepFailures) {
    const answer = <T>(outcome: T, timeoutMs: number): T => {
      this.#clock.jump(Math.min(given.callMs, timeoutMs));
      return outcome;
    };
    return {
      submit: (_: unknown, { timeoutMs }: { timeoutMs: number }) => {
        this.submits.push(given.submit);
        return answer(given.submit, timeoutMs);
      },
      status: (_: unknown, { timeoutMs }: { timeoutMs: number }) => answer(given.status, timeoutMs),
      result: (_: unknown, { timeoutMs }: { timeoutMs: number }) => answer(given.result, timeoutMs),
    };
  }

  async #restart(): Promise<void> {
    // A step of a stopped process does not wait for the store.
    this.#process.abort();
    this.#process = new AbortController();
    await this.#store[Symbol.asyncDispose]();
    this.#store = this.#open();
    await this.#watch();
  }

  async #watch(): Promise<void> {
    await this.#store.subscribe({ type: 'owner', ownerId: 'ada' }, this.recorder.listener);
  }

  #open(): SqliteJobStore {
    return new SqliteJobStore(sqliteOptions(this.#folder.path, { now: this.#clock.now }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}

const NEVER = { call: Infinity, answered: false, sequel: 'lost' } as const;

/** After the last planned failure: calls fail without an effect. */
const CALM: StepFailures = {
  submit: { type: 'not-created', ...transientError() },
  status: { type: 'queued' },
  result: { type: 'inconclusive', ...transientError() },
  callMs: 0,
  interruption: null,
};

/** Only accepted can follow a later phase, when the POST created nothing. */
function expectForwardOnly(versions: readonly Job[]): void {
  for (const [index, job] of versions.entries()) {
    const before = versions[index - 1];
    const isUnsettled = before?.phase === 'submitting' || before?.phase === 'settling';
    const back = isUnsettled && job.phase === 'accepted';
    expect(back || rankOf(job) > rankOf(before)).toBe(true);
  }
}

function rankOf(job: Job | undefined): number {
  return job === undefined ? -1 : JOB_PHASES.indexOf(job.phase);
}

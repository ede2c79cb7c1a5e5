import type { Clock } from '../../domain/clock.ts';
import { isFinal, type Job } from '../../domain/job/job.ts';
import type {
  ArchiveEvent,
  FaultEvent,
  GatewayEvents,
  JobEndEvent,
  JobLostEvent,
  StepEndEvent,
  StoreConnectionEvent,
  WaitingEvent,
} from '../../events/gateway-events.ts';
import type { LeveledLog } from '../../process/leveled-log.ts';
import { FaultLog } from './fault-log.ts';

/** Milliseconds between two lines about the same refusal, or about jobs that wait for the budget. */
const INFO_WINDOW_MS = 60_000;

/**
 * Writes the lines of the log that are about what happens in the gateway. Lines that repeat are counted, see `FaultLog`.
 * Disposing it writes the counts.
 */
export class GatewayLog implements Disposable {
  readonly #log: LeveledLog;
  readonly #faults: FaultLog;
  readonly #infos: FaultLog;
  readonly #waiting: FaultLog;

  constructor(log: LeveledLog, clock: Clock, events: Pick<GatewayEvents, 'on'>) {
    this.#log = log;
    this.#faults = new FaultLog(log, clock);
    this.#infos = new FaultLog(log, clock, INFO_WINDOW_MS);
    this.#waiting = new FaultLog(withoutDebug(log), clock, INFO_WINDOW_MS);
    events.on('fault', (fault) => this.#onFault(fault));
    events.on('circuit', ({ state }) => {
      if (state === 'closed') log.info(POLLER, 'the upstream is back');
      else log.warn(POLLER, 'the upstream is down: it is only probed until it is back');
    });
    events.on('step:end', (step) => this.#onStep(step));
    events.on('job:lost', (loss) => this.#onLost(loss));
    events.on('job:ended', (end) => this.#onEnd(end));
    events.on('archive', (work) => this.#onArchive(work));
    events.on('budget:waiting', (waiting) => this.#onWaiting(waiting));
    events.on('store:connection', (change) => this.#onConnection(change));
    events.on('store:unreadable', ({ id, error }) =>
      log.error({ part: 'store', err: error, record: id }, 'a stored record cannot be read; it is skipped'),
    );
  }

  [Symbol.dispose](): void {
    this.#faults[Symbol.dispose]();
    this.#infos[Symbol.dispose]();
    this.#waiting[Symbol.dispose]();
  }

  #onFault({ part, level, message, details }: FaultEvent): void {
    const log = level === 'info' ? this.#infos : this.#faults;
    log[level]({ part, ...details }, message);
  }

  #onStep({ before, job, outcome }: StepEndEvent): void {
    const isNewPhase = outcome === 'saved' && job.phase !== before.phase;
    if (isNewPhase && !isFinal(job)) this.#log.info(detailsOf(job), `job ${job.phase}`);
  }

  #onLost({ job, reason }: JobLostEvent): void {
    if (reason === 'superseded') this.#log.warn(detailsOf(job), 'another poller has taken the job over');
    else this.#log.error(detailsOf(job), 'the store no longer has this job: the result of its step is lost');
  }

  /** The one line with the numbers of a job. */
  #onEnd({ job, waitedMs, polls, detectionDelayMs, durationRatio }: JobEndEvent): void {
    const { failure, metrics } = job;
    const costUsd = metrics?.costUsd ?? null;
    const numbers = { waitedMs, polls, detectionDelayMs, durationRatio, costUsd };
    const details = { ...detailsOf(job), ...numbers };
    if (failure === null) this.#log.info(details, 'job completed');
    else if (failure.code === 'CANCELED') this.#log.info(details, 'the job was canceled before it was sent');
    else this.#log.warn({ ...details, failure }, 'job failed');
  }

  #onArchive({ jobId, outcome, isNews, bytes, reason, durationMs: ms }: ArchiveEvent): void {
    const part = 'archiver';
    if (outcome === 'stored') this.#log.info({ part, jobId, bytes, ms }, 'video archived');
    if (!isNews) return;
    const outlook = outcome === 'lost' ? 'it is not tried again' : 'it is tried again at long intervals';
    this.#log.error({ part, jobId, reason }, `a video cannot be archived; ${outlook}`);
  }

  #onWaiting({ limitedBy, jobs }: WaitingEvent): void {
    if (jobs === 0) return;
    const cause = limitedBy === 'rate-limit' ? 'rate limit' : 'upstream';
    this.#waiting.info({ ...POLLER, jobs }, `jobs are waiting for the ${cause}`);
  }

  #onConnection({ connection, state, reason }: StoreConnectionEvent): void {
    if (state === 'connected') return;
    const message =
      connection === 'subscriber'
        ? 'the subscriber connection to Redis was lost; connecting again'
        : 'the connection to Redis was lost; connecting again';
    this.#faults.warn({ part: 'store', reason }, message);
  }
}

/** An event that happens several times a second would hide all other lines at level `debug`. */
function withoutDebug(log: LeveledLog): LeveledLog {
  return {
    debug() {},
    info: (details, message) => log.info(details, message),
    warn: (details, message) => log.warn(details, message),
    error: (details, message) => log.error(details, message),
  };
}

const POLLER = { part: 'poller' };

function detailsOf({ id: jobId, upstreamId, phase, version }: Job): object {
  return { ...POLLER, jobId, upstreamId, phase, version };
}

import type { Job, JobVideo } from '../../../src/domain/job/job.ts';
import type { Observation } from '../../../src/domain/job/observation.ts';
import { transition } from '../../../src/domain/job/transition.ts';
import type { LeasedJob } from '../../../src/store/job-store.ts';
import { UNLEARNED } from '../durations.ts';
import { acceptedJob, ownTarget, record } from '../jobs.ts';
import { DAY, HOUR, NOON } from '../times.ts';
import { type Gateway, OWNER } from './gateway.ts';

/** A finished video behind a URL. */
export const VIDEO: JobVideo = {
  url: 'https://files.example.com/cat.mp4',
  inline: false,
  contentType: 'video/mp4',
  byteLength: 1234,
  expiresAt: NOON + 7 * DAY,
};

/** The upstream starts a job as soon as it has accepted it. */
export const PROCESSING: Observation = { type: 'upstream-processing', startedAt: NOON, expected: UNLEARNED };

/** The observations from acceptance to completion; each makes a new version. */
export const WHOLE_LIFE: readonly Observation[] = [
  { type: 'submit-started' },
  { type: 'submit-accepted', upstreamId: 'up-1', submittedAt: null, expected: UNLEARNED },
  PROCESSING,
  { type: 'upstream-completed', startedAt: NOON, metrics: null },
  { type: 'video-collected', video: VIDEO, startedAt: NOON, metrics: null },
];

/** Plays the poller: leases jobs and moves them by transitions of the domain. */
export class JobMover {
  readonly #gateway: Gateway;
  readonly #leases = new Map<string, LeasedJob>();
  readonly #jobs = new Map<string, Job>();

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /** Stores a new job. */
  async accept(change: Partial<Job> = {}): Promise<Job> {
    const job = acceptedJob({ ownerId: OWNER, ...change });
    await this.#gateway.store.create(record(job));
    return job;
  }

  /** Moves a job by each observation in turn. @returns its newest version */
  async move(id: string, ...observations: readonly Observation[]): Promise<Job> {
    const leased = await this.#lease(id);
    let job = this.#jobs.get(id) ?? leased.job;
    for (const observation of observations) {
      job = transition(job, observation, this.#gateway.clock.now());
      await this.#save(leased, job);
    }
    return job;
  }

  /** Saves a new version whose prompt has this length, for events of a certain size. */
  async grow(id: string, length: number): Promise<Job> {
    const leased = await this.#lease(id);
    const job = this.#jobs.get(id) ?? leased.job;
    const request = { ...job.request, prompt: 'x'.repeat(length) };
    const next = { ...job, request, version: job.version + 1 };
    await this.#save(leased, next);
    return next;
  }

  /** Completes a job that is in `collecting` with a video that the store keeps. */
  async collectInline(id: string, base64: string, expiresAt = VIDEO.expiresAt): Promise<Job> {
    const leased = await this.#lease(id);
    const video = {
      ...VIDEO,
      url: null,
      inline: true,
      byteLength: Math.floor((base64.length * 3) / 4),
      expiresAt,
    };
    const before = this.#jobs.get(id) ?? leased.job;
    const job = transition(before, { type: 'video-collected', video, startedAt: NOON, metrics: null }, NOON);
    await this.#save(leased, job, base64);
    return job;
  }

  async #save(leased: LeasedJob, job: Job, videoData?: string): Promise<void> {
    const change = {
      job,
      schedule: null,
      deliveries: ownTarget(job),
      ...(videoData === undefined ? {} : { videoData }),
    };
    const outcome = await this.#gateway.store.save(leased.leaseId, change);
    if (outcome !== 'saved') throw new Error(`${job.id} could not be saved: ${outcome}.`);
    this.#jobs.set(job.id, job);
  }

  async #lease(id: string): Promise<LeasedJob> {
    const now = this.#gateway.clock.now();
    const leases = await this.#gateway.store.leaseDue({
      now,
      leaseUntil: now + HOUR,
      limit: 10_000,
      callLimit: 10_000,
      except: [],
      preferred: null,
    });
    for (const leased of leases) this.#leases.set(leased.job.id, leased);
    const leased = this.#leases.get(id);
    if (leased === undefined) throw new Error(`${id} can't be leased.`);
    return leased;
  }
}

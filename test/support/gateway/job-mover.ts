import type { Job, JobVideo } from '../../../src/domain/job/job.ts';
import type { Observation } from '../../../src/domain/job/observation.ts';
import { transition } from '../../../src/domain/job/transition.ts';
import type { Claim } from '../../../src/store/job-store.ts';
import { UNLEARNED } from '../durations.ts';
import type { Gateway } from './gateway.ts';
import { acceptedJob, record } from '../jobs.ts';
import { DAY, HOUR, NOON } from '../times.ts';

/** A finished video behind a URL. */
export const VIDEO: JobVideo = {
  url: 'https://files.example.com/cat.mp4',
  inline: false,
  contentType: 'video/mp4',
  byteLength: 1234,
  expiresAt: NOON + 7 * DAY,
};

/** The upstream begins with a job as soon as it has taken it. */
export const PROCESSING: Observation = { type: 'upstream-processing', startedAt: NOON, expected: UNLEARNED };

/** What brings an accepted job to its end, a version with each. */
export const WHOLE_LIFE: readonly Observation[] = [
  { type: 'submit-started' },
  { type: 'submit-accepted', upstreamId: 'up-1', submittedAt: null, expected: UNLEARNED },
  PROCESSING,
  { type: 'upstream-completed', startedAt: NOON, metrics: null },
  { type: 'video-collected', video: VIDEO, startedAt: NOON, metrics: null },
];

/** Stands in for the poller: holds the leases and moves jobs by transitions of the domain. */
export class JobMover {
  readonly #gateway: Gateway;
  readonly #claims = new Map<string, Claim>();
  readonly #jobs = new Map<string, Job>();

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /** Stores a new job. */
  async accept(change: Partial<Job> = {}): Promise<Job> {
    const job = acceptedJob(change);
    await this.#gateway.store.create(record(job));
    return job;
  }

  /** Moves a job by each observation in turn. @returns its newest version */
  async move(id: string, ...observations: readonly Observation[]): Promise<Job> {
    const claim = await this.#claim(id);
    let job = this.#jobs.get(id) ?? claim.job;
    for (const observation of observations) {
      job = transition(job, observation, this.#gateway.clock.now());
      await this.#save(claim, job);
    }
    return job;
  }

  /** Stores a next version whose prompt is as long as told, for events of a size. */
  async grow(id: string, length: number): Promise<Job> {
    const claim = await this.#claim(id);
    const job = this.#jobs.get(id) ?? claim.job;
    const request = { ...job.request, prompt: 'x'.repeat(length) };
    const next = { ...job, request, version: job.version + 1 };
    await this.#save(claim, next);
    return next;
  }

  /** Ends a job that is in `collecting` with a video that is kept in the store. */
  async collectInline(id: string, base64: string): Promise<Job> {
    const claim = await this.#claim(id);
    const video = { ...VIDEO, url: null, inline: true, byteLength: Math.floor((base64.length * 3) / 4) };
    const before = this.#jobs.get(id) ?? claim.job;
    const job = transition(before, { type: 'video-collected', video, startedAt: NOON, metrics: null }, NOON);
    await this.#save(claim, job, base64);
    return job;
  }

  async #save(claim: Claim, job: Job, videoData?: string): Promise<void> {
    const change = videoData === undefined ? { job, schedule: null } : { job, schedule: null, videoData };
    const outcome = await this.#gateway.store.save(claim.lease, change);
    if (outcome !== 'saved') throw new Error(`${job.id} could not be saved: ${outcome}.`);
    this.#jobs.set(job.id, job);
  }

  async #claim(id: string): Promise<Claim> {
    const now = this.#gateway.clock.now();
    const claims = await this.#gateway.store.claimDue({
      now,
      leaseUntil: now + HOUR,
      limit: 10_000,
      callLimit: 10_000,
      except: [],
      preferred: null,
    });
    for (const claim of claims) this.#claims.set(claim.job.id, claim);
    const claim = this.#claims.get(id);
    if (claim === undefined) throw new Error(`${id} can't be claimed.`);
    return claim;
  }
}

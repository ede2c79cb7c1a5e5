import { randomBytes } from 'node:crypto';
import type { Fault } from '../faults/fault.ts';
import type { VideoRenderer } from '../video/video-renderer.ts';
import type { JobFolder } from './job-folder.ts';
import { COST, RESULT_KEPT_MS, VIDEO_KEPT_MS, withoutImageData, stateAt, pendingInput } from './job.ts';
import type { Job } from './job.ts';
import { readModelInput } from './model-input.ts';
import { drawTimeline } from './timeline.ts';

/** Initial balance in USD. It is high enough that a sandbox does not run out of credits. */
const START_CREDITS = 1_000_000;
/** Beyond this number of jobs the oldest final ones are deleted, even before they expire. */
const MAX_KEPT = 2_000;

export interface JobsOptions {
  readonly folder: JobFolder;
  /** Owned: disposed with the jobs. */
  readonly renderer: VideoRenderer;
  /** Epoch ms. */
  readonly clock: () => number;
  /** [0, 1) */
  readonly random: () => number;
  /** 10 = ten times faster. */
  readonly speed: number;
  /** Maximum number of videos waiting or in progress; beyond it `create` returns null. */
  readonly maxPendingVideos: number;
  /** Receives accepted jobs, and records and videos that fail. */
  readonly log: (event: { message: string; [key: string]: unknown }) => void;
}

/** All jobs, in memory and on disk. Owns the renderer of their videos. */
export class Jobs implements AsyncDisposable {
  readonly #options: JobsOptions;
  readonly #byId = new Map<string, Job>();
  readonly #byVideoId = new Map<string, Job>();
  /** Renderings in progress, by job id. */
  readonly #rendering = new Map<string, Promise<void>>();
  #credits = START_CREDITS;
  /** Number of jobs that are being written to disk, before their rendering starts. */
  #saving = 0;
  #disposed = false;

  constructor(options: JobsOptions) {
    this.#options = options;
  }

  /** USD. */
  get credits(): number {
    return this.#credits;
  }

  /** Reads the jobs of earlier runs and continues the unfinished ones. */
  async load(): Promise<void> {
    const { folder, log } = this.#options;
    await folder.open();
    const jobs = await folder.readAll((file, error) => {
      log({ message: 'job record not readable, skipped', file, reason: String(error) });
    });
    for (const job of jobs.toSorted((one, other) => one.createdAt - other.createdAt)) this.#add(job);
    this.#credits = jobs.reduce((least, job) => Math.min(least, job.remainingCredits), START_CREDITS);
    await folder.removeOrphans(jobs);
    await this.sweep();
    for (const job of this.#byId.values()) this.#startRendering(job);
  }

  /**
   * Accepts a job, valid or not: the vendor's model validates the input later [seen]. The job is on disk when this resolves.
   *
   * @returns null when too many videos are pending
   * @throws when the job cannot be written; no job exists in that case
   */
  async create(body: object, fault: Fault | null): Promise<Job | null> {
    const { clock, random, speed, maxPendingVideos, folder, log } = this.#options;
    if (this.#rendering.size + this.#saving >= maxPendingVideos) return null;
    const read = readModelInput(body);
    const input = 'input' in read ? read.input : null;
    const error = 'error' in read ? read.error : (fault?.job?.error ?? null);
    const now = clock();
    const { slowdown, endless } = fault?.job ?? {};
    const { startsAt, endsAt } = drawTimeline({ now, random, speed, input, slowdown, endless });
    const cost = error === null && endsAt !== null ? COST : 0;
    this.#credits = cents(this.#credits - cost);
    const job = withoutImageData({
      id: randomBytes(16).toString('hex'),
      videoId: randomBytes(16).toString('hex'),
      createdAt: now,
      startsAt,
      endsAt,
      body: { ...body },
      error,
      fault: fault?.name ?? null,
      remainingCredits: this.#credits,
      made: null,
    });
    this.#saving += 1;
    try {
      await folder.saveJob(job);
    } catch (failure) {
      this.#credits = cents(this.#credits + cost);
      throw failure;
    } finally {
      this.#saving -= 1;
    }
    this.#add(job);
    this.#startRendering(job);
    log({ message: 'job accepted', jobId: job.id, fault: job.fault, invalid: input === null });
    return job;
  }

  /** @returns null when the id is unknown or the result has expired */
  find(id: string): Job | null {
    const job = this.#byId.get(id);
    return job === undefined || this.#options.clock() >= job.createdAt + RESULT_KEPT_MS ? null : job;
  }

  /** The job of this id, even if its result has expired; null when no record is stored. For the request history. */
  record(id: string): Job | null {
    return this.#byId.get(id) ?? null;
  }

  /** All jobs whose record is stored. */
  records(): Iterable<Job> {
    return this.#byId.values();
  }

  /** The job of a rendered video; null when the video does not exist or has expired. */
  findVideo(videoId: string): Job | null {
    const job = this.#byVideoId.get(videoId);
    if (job === undefined || job.made === null || 'error' in job.made) return null;
    return this.#options.clock() >= job.createdAt + VIDEO_KEPT_MS ? null : job;
  }

  /** Deletes expired jobs, and the oldest final ones beyond MAX_KEPT. */
  async sweep(): Promise<void> {
    const now = this.#options.clock();
    let tooMany = this.#byId.size - MAX_KEPT;
    const gone: Job[] = [];
    // The map holds the jobs in the order of submission.
    for (const job of this.#byId.values()) {
      const { status } = stateAt(job, now);
      const isFinal = status === 'COMPLETED' || status === 'FAILED' || now >= job.createdAt + RESULT_KEPT_MS;
      if (now < job.createdAt + VIDEO_KEPT_MS && !(isFinal && tooMany > 0)) continue;
      if (this.#rendering.has(job.id)) continue;
      tooMany -= 1;
      gone.push(job);
    }
    for (const job of gone) {
      this.#byId.delete(job.id);
      this.#byVideoId.delete(job.videoId);
    }
    await Promise.all(gone.map((job) => this.#options.folder.remove(job)));
  }

  /** Closes the renderer; resolves when no rendering or write is in progress. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await this.#options.renderer[Symbol.asyncDispose]();
    await Promise.all(this.#rendering.values());
  }

  #add(job: Job): void {
    this.#byId.set(job.id, job);
    this.#byVideoId.set(job.videoId, job);
  }

  /** Starts the rendering of the job's video, if it has one. */
  #startRendering(job: Job): void {
    if (pendingInput(job) === null || this.#disposed) return;
    const work = this.#renderAndSave(job)
      .catch((error: unknown) => {
        this.#options.log({ message: 'job record not written', jobId: job.id, reason: String(error) });
      })
      .finally(() => this.#rendering.delete(job.id));
    this.#rendering.set(job.id, work);
  }

  async #renderAndSave(job: Job): Promise<void> {
    const made = await this.#render(job);
    // The sandbox is closing: the next one on this folder renders the video.
    if (made === null) return;
    const finished = withoutImageData({ ...job, made });
    this.#add(finished);
    await this.#options.folder.saveJob(finished);
  }

  async #render(job: Job): Promise<Job['made']> {
    const { renderer, folder, clock, log } = this.#options;
    const input = pendingInput(job);
    if (input === null) return null;
    try {
      const bytes = await renderer.render(job.id, input);
      await folder.saveVideo(job.videoId, bytes);
      return { at: clock(), byteLength: bytes.byteLength };
    } catch (failure) {
      if (this.#disposed) return null;
      log({ message: 'video not made', isFault: true, jobId: job.id, reason: String(failure) });
      return { at: clock(), error: 'Inference failed: the video could not be encoded' };
    }
  }
}

function cents(usd: number): number {
  return Math.round(usd * 100) / 100;
}

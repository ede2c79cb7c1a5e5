import { randomBytes } from 'node:crypto';
import type { Fault } from '../faults/fault.ts';
import { COST, RESULT_KEPT_MS, VIDEO_KEPT_MS, withoutImageData, stateAt, pendingInput } from './job.ts';
import type { Job } from './job.ts';
import type { JobFolder } from './job-folder.ts';
import { readModelInput } from './model-input.ts';
import type { VideoRenderer } from '../video/video-renderer.ts';
import { drawTimeline } from './timeline.ts';

/** What the account starts with: enough that a sandbox never runs dry by itself. USD. */
const START_CREDITS = 1_000_000;
/** Finished jobs are dropped, oldest first, past this number, even before their time. */
const MAX_KEPT = 2_000;

/** What {@link Jobs} works with. */
export interface JobsOptions {
  readonly folder: JobFolder;
  /** Disposed of with the jobs. */
  readonly renderer: VideoRenderer;
  /** Epoch ms. */
  readonly clock: () => number;
  /** [0, 1) */
  readonly random: () => number;
  /** 10 = ten times faster. */
  readonly speed: number;
  /** Jobs whose video has still to be made; past it a submit is turned away. */
  readonly maxPendingVideos: number;
  /** Told of records and videos that fail. */
  readonly log: (event: { message: string; [key: string]: unknown }) => void;
}

/** All jobs: in memory to be read, in the folder to be kept. Owns the renderer that makes their videos. */
export class Jobs implements AsyncDisposable {
  readonly #options: JobsOptions;
  readonly #byId = new Map<string, Job>();
  readonly #byVideoId = new Map<string, Job>();
  /** Videos in the making, by job. */
  readonly #making = new Map<string, Promise<void>>();
  #credits = START_CREDITS;
  /** Jobs being written down, before their video is begun. */
  #arriving = 0;
  #disposed = false;

  constructor(options: JobsOptions) {
    this.#options = options;
  }

  /** USD. */
  get credits(): number {
    return this.#credits;
  }

  /** Reads what an earlier run left, and goes on with what it had not finished. */
  async load(): Promise<void> {
    const { folder, log } = this.#options;
    await folder.open();
    const jobs = await folder.readAll((file, error) => {
      log({ message: 'job record not readable, skipped', file, reason: String(error) });
    });
    for (const job of jobs.toSorted((one, other) => one.createdAt - other.createdAt)) this.#remember(job);
    this.#credits = jobs.reduce((least, job) => Math.min(least, job.remainingCredits), START_CREDITS);
    await folder.removeStrays(jobs);
    await this.sweep();
    for (const job of this.#byId.values()) this.#make(job);
  }

  /**
   * Accepts a job, valid or not: the model itself looks at its input, later [seen]. It is on disk before this resolves.
   *
   * @returns null when too many jobs are unfinished
   * @throws when it cannot be written down; there is no job then
   */
  async create(body: object, fault: Fault | null): Promise<Job | null> {
    const { clock, random, speed, maxPendingVideos, folder, log } = this.#options;
    if (this.#making.size + this.#arriving >= maxPendingVideos) return null;
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
    this.#arriving += 1;
    try {
      await folder.saveJob(job);
    } catch (failure) {
      this.#credits = cents(this.#credits + cost);
      throw failure;
    } finally {
      this.#arriving -= 1;
    }
    this.#remember(job);
    this.#make(job);
    log({ message: 'job accepted', jobId: job.id, fault: job.fault, invalid: input === null });
    return job;
  }

  /** Null when the id is unknown or expired. */
  find(id: string): Job | null {
    const job = this.#byId.get(id);
    return job === undefined || this.#options.clock() >= job.createdAt + RESULT_KEPT_MS ? null : job;
  }

  /** The job of this id for as long as its record is kept; null when there is none. The request history knows it so long. */
  record(id: string): Job | null {
    return this.#byId.get(id) ?? null;
  }

  /** Every job whose record is kept. */
  records(): Iterable<Job> {
    return this.#byId.values();
  }

  /** The job whose finished video this is; null when there is none, or no more. */
  findVideo(videoId: string): Job | null {
    const job = this.#byVideoId.get(videoId);
    if (job === undefined || job.made === null || 'error' in job.made) return null;
    return this.#options.clock() >= job.createdAt + VIDEO_KEPT_MS ? null : job;
  }

  /** Forgets what is past its time, or too much. */
  async sweep(): Promise<void> {
    const now = this.#options.clock();
    let tooMany = this.#byId.size - MAX_KEPT;
    const gone: Job[] = [];
    // Oldest first: they are remembered in the order of their submission.
    for (const job of this.#byId.values()) {
      const { word } = stateAt(job, now);
      const isOver = word === 'COMPLETED' || word === 'FAILED' || now >= job.createdAt + RESULT_KEPT_MS;
      if (now < job.createdAt + VIDEO_KEPT_MS && !(isOver && tooMany > 0)) continue;
      if (this.#making.has(job.id)) continue;
      tooMany -= 1;
      gone.push(job);
    }
    for (const job of gone) {
      this.#byId.delete(job.id);
      this.#byVideoId.delete(job.videoId);
    }
    await Promise.all(gone.map((job) => this.#options.folder.remove(job)));
  }

  /** Closes the renderer too; resolves when nothing is being made or written any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await this.#options.renderer[Symbol.asyncDispose]();
    await Promise.all(this.#making.values());
  }

  #remember(job: Job): void {
    this.#byId.set(job.id, job);
    this.#byVideoId.set(job.videoId, job);
  }

  /** Starts on the job's video, if it is to have one. */
  #make(job: Job): void {
    if (pendingInput(job) === null || this.#disposed) return;
    const work = this.#produce(job)
      .catch((error: unknown) => {
        this.#options.log({ message: 'job record not written', jobId: job.id, reason: String(error) });
      })
      .finally(() => this.#making.delete(job.id));
    this.#making.set(job.id, work);
  }

  async #produce(job: Job): Promise<void> {
    const made = await this.#produceVideo(job);
    // A sandbox that closes leaves the job unfinished, for the next one to take up.
    if (made === null) return;
    const finished = withoutImageData({ ...job, made });
    this.#remember(finished);
    await this.#options.folder.saveJob(finished);
  }

  async #produceVideo(job: Job): Promise<Job['made']> {
    const { renderer, folder, clock, log } = this.#options;
    const input = pendingInput(job);
    if (input === null) return null;
    try {
      const bytes = await renderer.video(job.id, input);
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

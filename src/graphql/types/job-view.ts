import type { JobFailure } from '../../domain/job/failure.ts';
import { isFinal, type Job, type JobMetrics, type JobVideo } from '../../domain/job/job.ts';
import {
  estimatedCompletionAt,
  jobProgress,
  type JobStatus,
  jobStatus,
  type JobWait,
  jobWait,
} from '../../domain/job/projection.ts';
import type { MediaUrls } from '../../domain/local-media.ts';
import type { VideoRequest } from '../../domain/request/video-request.ts';

/**
 * A job as `VideoJob` shows it at one moment. Each field has a property of its name: reading a property costs far less than a
 * resolver.
 */
export class JobView {
  readonly #job: Job;
  readonly #now: number;
  readonly #media: MediaUrls | null;
  readonly video: (JobVideo & { readonly jobId: string }) | null;

  /**
   * @param now epoch milliseconds, for the estimates
   * @param media URLs of the upstream's files for the client; null: the upstream's own
   */
  constructor(job: Job, now: number, media: MediaUrls | null) {
    this.#job = job;
    this.#now = now;
    this.#media = media;
    this.video = job.video === null ? null : { ...presented(job.video, media), jobId: job.id };
  }

  get id(): string {
    return this.#job.id;
  }

  get version(): number {
    return this.#job.version;
  }

  get status(): JobStatus {
    return jobStatus(this.#job);
  }

  get waitingFor(): JobWait | null {
    return jobWait(this.#job);
  }

  get isTerminal(): boolean {
    return isFinal(this.#job);
  }

  get request(): VideoRequest {
    const { request } = this.#job;
    return this.#media === null ? request : { ...request, image: this.#media.present(request.image) };
  }

  get createdAt(): number {
    return this.#job.createdAt;
  }

  get startBefore(): number | null {
    return this.#job.startBefore;
  }

  get submittedAt(): number | null {
    return this.#job.submittedAt;
  }

  get startedAt(): number | null {
    return this.#job.startedAt;
  }

  get finishedAt(): number | null {
    return this.#job.finishedAt;
  }

  get progress(): number {
    return jobProgress(this.#job, this.#now);
  }

  get estimatedCompletionAt(): number | null {
    return estimatedCompletionAt(this.#job, this.#now);
  }

  get upstreamRequestId(): string | null {
    return this.#job.upstreamId;
  }

  get metrics(): JobMetrics | null {
    return this.#job.metrics;
  }

  get failure(): JobFailure | null {
    return this.#job.failure;
  }
}

function presented(video: JobVideo, media: MediaUrls | null): JobVideo {
  return media === null || video.url === null ? video : { ...video, url: media.present(video.url) };
}

import type { JobFailure } from '../../domain/job/failure.ts';
import { isFinal, type Job, type JobMetrics } from '../../domain/job/job.ts';
import {
  estimatedCompletionAt,
  estimatedSubmissionAt,
  jobProgress,
  type JobStatus,
  jobStatus,
  type JobWait,
  jobWait,
} from '../../domain/job/projection.ts';
import type { VideoRequest } from '../../domain/request/video-request.ts';
import type { ClientUrls } from '../client-urls.ts';
import { VideoView } from './video-view.ts';

/**
 * A job as `VideoJob` shows it at one moment. Each field has a property of its name: reading a property costs far less than a
 * resolver.
 */
export class JobView {
  readonly #job: Job;
  readonly #now: number;
  readonly #media: ClientUrls | null;

  /**
   * @param now epoch milliseconds, for the estimates
   * @param media URLs of files for the client; null: the upstream's own
   */
  constructor(job: Job, now: number, media: ClientUrls | null) {
    this.#job = job;
    this.#now = now;
    this.#media = media;
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

  get estimatedSubmissionAt(): number | null {
    return estimatedSubmissionAt(this.#job, this.#now);
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

  get video(): VideoView | null {
    const { video } = this.#job;
    return video === null ? null : new VideoView(this.#job, video, this.#media);
  }

  get failure(): JobFailure | null {
    return this.#job.failure;
  }
}

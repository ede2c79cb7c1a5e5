import type { Job, JobVideo } from '../../domain/job/job.ts';
import type { ClientUrls } from '../client-urls.ts';

/** A video as `GeneratedVideo` shows it. A property is computed when it is selected: signing a URL takes some microseconds. */
export class VideoView {
  readonly #job: Job;
  readonly #video: JobVideo;
  readonly #urls: ClientUrls | null;

  /** @param urls null: the upstream's own */
  constructor(job: Job, video: JobVideo, urls: ClientUrls | null) {
    this.#job = job;
    this.#video = video;
    this.#urls = urls;
  }

  get jobId(): string {
    return this.#job.id;
  }

  /** Whether the bytes were requested as base64. */
  get inline(): boolean {
    return this.#video.inline;
  }

  get url(): string | null {
    const { url } = this.#video;
    return this.#urls?.ofVideo(this.#job.id) ?? (url === null ? null : (this.#urls?.present(url) ?? url));
  }

  get contentType(): string {
    return this.#video.contentType;
  }

  get byteLength(): number | null {
    return this.#video.byteLength;
  }

  get expiresAt(): number {
    const retentionMs = this.#urls?.retentionMs ?? null;
    const { expiresAt, inline } = this.#video;
    if (retentionMs === null) return expiresAt;
    const end = (this.#job.finishedAt ?? this.#job.updatedAt) + retentionMs;
    // Base64 had the end of the retention of its time.
    return inline ? Math.min(end, expiresAt) : end;
  }
}

import type { LocalMedia, MediaUrls } from '../domain/local-media.ts';
import { videoPath } from '../domain/video-url.ts';

/** The gateway's own URLs of videos. */
export interface VideoUrls {
  /** Signs the URL of a job's video. */
  readonly sign: (jobId: string) => string;
  /** Milliseconds for which a URL is valid after its job has finished. */
  readonly retentionMs: number;
}

/** The URLs of files for one client. */
export class ClientUrls {
  readonly #baseUrl: string;
  readonly #local: MediaUrls | null;
  readonly #videos: VideoUrls | null;

  private constructor(baseUrl: string, local: MediaUrls | null, videos: VideoUrls | null) {
    this.#baseUrl = baseUrl;
    this.#local = local;
    this.#videos = videos;
  }

  /**
   * @param baseUrl the gateway's URL for the client, without a trailing slash
   * @returns null when the client uses the upstream's URLs only
   */
  static at(baseUrl: string, local: LocalMedia | null, videos: VideoUrls | null): ClientUrls | null {
    if (local === null && videos === null) return null;
    return new ClientUrls(baseUrl, local?.at(baseUrl) ?? null, videos);
  }

  /** Milliseconds after the end of a job; null: its video has the upstream's URL. */
  get retentionMs(): number | null {
    return this.#videos?.retentionMs ?? null;
  }

  /** Converts a URL of the upstream's files for the client; other URLs stay as they are. */
  present(url: string): string {
    return this.#local?.present(url) ?? url;
  }

  /** Converts either URL of a file of the upstream to the upstream's; null for other URLs. */
  toUpstream(url: string): string | null {
    return this.#local?.toUpstream(url) ?? null;
  }

  /** The gateway's URL of a job's video; null without an archive. */
  ofVideo(jobId: string): string | null {
    return this.#videos === null ? null : this.#baseUrl + videoPath(jobId, this.#videos.sign(jobId));
  }
}

import { randomBytes } from 'node:crypto';
import type { BlobStore } from '../archive/blob-store.ts';
import { VideoSignatures } from '../auth/video-signatures.ts';
import type { Config } from '../config/config.ts';
import type { Clock } from '../domain/clock.ts';
import type { LocalMedia } from '../domain/local-media.ts';
import type { EventEmitter } from '../events/gateway-events.ts';
import type { FileClient } from '../providers/files/file-client.ts';
import type { Storage } from '../store/storage.ts';
import { FileRequests } from '../transports/http/media/file-requests.ts';
import { MediaProxy } from '../transports/http/media/media-proxy.ts';
import { VideoFiles } from '../transports/http/media/video-files.ts';

/** The parts that serve files to clients. See `PagesOptions`. */
export interface OpenedMedia {
  readonly media: MediaProxy | null;
  readonly videos: VideoFiles | null;
}

/** Parts that are shared with the rest of the gateway. */
export interface MediaParts {
  readonly storage: Storage;
  /** Null: videos are not archived. */
  readonly archive: BlobStore | null;
  /** Null without an archive. */
  readonly signatures: VideoSignatures | null;
  /** May connect to the upstream. */
  readonly files: FileClient;
  readonly localMedia: LocalMedia | null;
  readonly clock: Clock;
  readonly events: EventEmitter;
}

/**
 * Opens the signatures of video URLs. Disposing them ends the refresh of the secret.
 *
 * @returns null without an archive
 * @throws StoreUnavailableError
 */
export async function openVideoSignatures({
  storage,
  archive,
  events,
}: Pick<MediaParts, 'storage' | 'archive' | 'events'>): Promise<VideoSignatures | null> {
  if (archive === null) return null;
  const text = storage.videoUrlSecret;
  return VideoSignatures.open({ text, randomBytes, now: () => performance.now(), events });
}

export function openMedia(
  { jobRetentionMs: retentionMs }: Config,
  { storage: { store }, archive, signatures, files, localMedia, clock, events }: MediaParts,
): OpenedMedia {
  const requests = new FileRequests(() => performance.now(), events);
  const media =
    localMedia === null ? null : new MediaProxy({ origin: localMedia.origin, files, requests, events });
  const videos =
    archive === null || signatures === null
      ? null
      : new VideoFiles({ signatures, store, archive, files, requests, clock, retentionMs, events });
  return { media, videos };
}

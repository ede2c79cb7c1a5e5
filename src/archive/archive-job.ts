import type { Clock } from '../domain/clock.ts';
import type { Job, JobVideo } from '../domain/job/job.ts';
import type { FileClient } from '../providers/files/file-client.ts';
import type { LeasedFileTask } from '../store/file-tasks.ts';
import { type Jobs, IDEMPOTENCY_MS } from '../store/job-store.ts';
import type { BlobStore } from './blob-store.ts';
import { type ByteSource, bytesInMemory } from './download/byte-source.ts';
import { findMp4Fault } from './download/check-mp4.ts';
import { download, FileFaultError } from './download/download.ts';
import { TempFile } from './download/temp-file.ts';
import { videoKey } from './video-key.ts';

/** What the work on files needs. */
export interface ArchiveDependencies {
  readonly jobs: Pick<Jobs, 'getMany' | 'isStored' | 'getVideoData' | 'deleteVideoData'>;
  readonly blobs: BlobStore;
  readonly files: Pick<FileClient, 'fetch'>;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Milliseconds for which a final job can be read. */
  readonly retentionMs: number;
  /** The folder of downloads in progress. */
  readonly tempFolder: string;
  /** Runs work that holds a whole video in memory: one after the other. */
  readonly inMemory: <T>(work: () => Promise<T>) => Promise<T>;
}

/** A finished step of a task. */
export interface ArchiveStep {
  /** When the task is due again, in epoch milliseconds; null: there is nothing left to do. */
  readonly runAt: number | null;
  /** See `LeasedFileTask`. */
  readonly failureCount: number;
  /** Bytes of the video that this step has stored; null: none. */
  readonly storedBytes: number | null;
  /** Present when this step has deleted the file. */
  readonly isDeletion?: true;
}

/** Bytes of the largest video. */
const MAX_VIDEO_BYTES = 512 * 1024 * 1024;
const VIDEO_TYPE = 'video/mp4';
const MINUTE_MS = 60_000;
/** Stores purge jobs at intervals, and their clocks differ a little. */
const PURGE_MARGIN_MS = 15 * MINUTE_MS;
/** Milliseconds until the next look at a job that should be gone, or is not final. */
const LOOK_AGAIN_MS = 60 * MINUTE_MS;
/**
 * An upload that began before the removal of its job may end after the first deletion, so the file is deleted a second time after this
 * pause; then no worker holds an older lease.
 */
const DELETE_AGAIN_MS = 10 * MINUTE_MS;
const DELETIONS = 2;
/** The upstream's own figure of the length is ignored after this many failures, when the file is complete by all other signs. */
const TRUSTED_LENGTH_FAILURES = 4;

/**
 * Makes the stored file of a job agree with the job. Repeating it is safe, also after a crash at any point.
 *
 * @param job null: it was removed or purged
 * @param signal ends the work
 * @throws FileFaultError when the video cannot be had; BlobStoreError or StoreUnavailableError; the signal's reason
 */
export async function archiveJob(
  task: LeasedFileTask,
  job: Job | null,
  dependencies: ArchiveDependencies,
  signal: AbortSignal,
): Promise<ArchiveStep> {
  const { jobs, blobs, clock } = dependencies;
  const now = clock.now();
  const key = videoKey(task.jobId);
  const { failureCount } = task;
  if (job === null) {
    // A record that cannot be read may be repaired.
    if (await jobs.isStored(task.jobId))
      return { runAt: now + LOOK_AGAIN_MS, failureCount, storedBytes: null };
    await blobs.delete(key, signal);
    // A removal sets the count to zero, so from now on it counts deletions. The end of a record in Redis does not, but a task with
    // failures has stored nothing: one deletion is enough.
    const deletions = failureCount + 1;
    const runAt = deletions < DELETIONS ? now + DELETE_AGAIN_MS : null;
    return { runAt, failureCount: deletions, storedBytes: null, isDeletion: true };
  }
  const rest = { runAt: restUntil(job, now, dependencies.retentionMs), failureCount: 0, storedBytes: null };
  if (job.phase !== 'completed' || job.video === null) return rest;
  // No video is empty: what wrote the file has failed.
  const isStored = ((await blobs.head(key, signal)) ?? 0) > 0;
  const storedBytes = isStored ? null : await storeVideo(task, job.video, dependencies, signal);
  // Only now: until the file is stored, the base64 is the only copy.
  if (job.video.inline) await jobs.deleteVideoData(job.id);
  return { ...rest, storedBytes };
}

/** When a task without work is due: at the end of the job's retention; an overdue or unfinished job is looked at again. */
export function restUntil(job: Job, now: number, retentionMs: number): number {
  const { createdAt, finishedAt } = job;
  const keptUntil = Math.max((finishedAt ?? now) + retentionMs, createdAt + IDEMPOTENCY_MS) + PURGE_MARGIN_MS;
  return finishedAt === null ? now + LOOK_AGAIN_MS : Math.max(keptUntil, now + LOOK_AGAIN_MS);
}

async function storeVideo(
  task: LeasedFileTask,
  video: JobVideo,
  dependencies: ArchiveDependencies,
  signal: AbortSignal,
): Promise<number> {
  const { jobs, tempFolder, inMemory } = dependencies;
  if (video.url === null) {
    return inMemory(async () => {
      const base64 = await jobs.getVideoData(task.jobId);
      if (base64 === null) throw new FileFaultError('the store has no base64 of it', 'lasting');
      return verifyAndPut(task, bytesInMemory(Buffer.from(base64, 'base64')), dependencies, signal);
    });
  }
  await using file = await TempFile.create(tempFolder);
  await download(video.url, file, { ...dependencies, maxBytes: MAX_VIDEO_BYTES, signal });
  const { byteLength } = video;
  if (byteLength !== null && file.byteLength !== byteLength && task.failureCount < TRUSTED_LENGTH_FAILURES) {
    throw new FileFaultError(
      `it has ${file.byteLength} bytes, but the upstream reported ${byteLength}`,
      'temporary',
    );
  }
  // Awaited: the file is closed at the end of this function.
  return await verifyAndPut(task, file, dependencies, signal);
}

/** @returns the bytes of the video */
async function verifyAndPut(
  { jobId }: LeasedFileTask,
  file: ByteSource,
  { blobs }: ArchiveDependencies,
  signal: AbortSignal,
): Promise<number> {
  const fault = await findMp4Fault(file);
  if (fault !== null) throw new FileFaultError(`it is not a playable MP4: ${fault}`, 'lasting');
  const { byteLength } = file;
  await blobs.put(videoKey(jobId), file.stream(), { byteLength, contentType: VIDEO_TYPE, signal });
  return byteLength;
}

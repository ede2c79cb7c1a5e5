import { createHash } from 'node:crypto';
import type { FileUpstream } from '../upstream/file-upstream.ts';
import type { Fleet } from './fleet.ts';
import { inParallel } from './in-parallel.ts';

/** A job as the checks read it. */
export interface Seen {
  readonly id: string;
  readonly status: string;
  readonly upstreamRequestId: string | null;
  readonly video: { readonly url: string | null; readonly byteLength: number | null } | null;
  readonly failure: { readonly code: string } | null;
}

export interface CheckOptions {
  readonly fleet: Fleet;
  readonly upstream: FileUpstream;
  /** Whether a file can be played. */
  readonly play: (file: Buffer) => boolean;
  readonly progress: (text: string) => void;
}

/** Numbers of URLs with a fault. */
export interface VideoFaults {
  /** The bytes, a range or the headers are not those of the original. */
  readonly different: number;
  readonly notPlaying: number;
  /** The URL of another video's signature, or without one, opened the video. */
  readonly opened: number;
}

const SAMPLES = 20;
/** One video in this many is also read in ranges, and by HEAD. */
const RANGES_EVERY = 8;

/** Reads the URLs of all jobs. Samples of their files are played. */
export async function checkVideos(
  { fleet, upstream, play, progress }: CheckOptions,
  completed: readonly Seen[],
): Promise<VideoFaults> {
  let different = 0;
  let notPlaying = 0;
  let opened = 0;
  const step = Math.max(1, Math.floor(completed.length / SAMPLES));
  await inParallel(completed, async (job, index) => {
    const original = upstream.fileOf(job.upstreamRequestId ?? '');
    const path = new URL(job.video?.url ?? 'http://none.invalid/').pathname;
    const fault = await differenceOf(fleet, path, original, index % RANGES_EVERY === 0);
    if (fault !== null) {
      different += 1;
      progress(`${job.id}: ${fault}`);
    }
    // Its bytes are equal to the original ones.
    if (fault !== null || (index % step === 0 && !play(original))) notPlaying += 1;
    const other = completed[(index + 1) % completed.length];
    if (other !== undefined && other !== job && (await opensWith(fleet, path, job.id, other))) opened += 1;
  });
  return { different, notPlaying, opened };
}

/** Reads a URL whole; in ranges also its first two bytes, as Safari does, a part, its end, and its head. */
async function differenceOf(
  fleet: Fleet,
  path: string,
  original: Buffer,
  inRanges: boolean,
): Promise<string | null> {
  const whole = await fleet.fetch(path);
  const bytes = Buffer.from(await whole.arrayBuffer());
  if (whole.status !== 200) return `status ${whole.status}`;
  if (digestOf(bytes) !== digestOf(original)) return `${bytes.length} other bytes`;
  if (whole.headers.get('content-type') !== 'video/mp4') return 'another type';
  const etag = whole.headers.get('etag');
  if (etag === null) return 'no ETag';
  if (!inRanges) return null;
  const middle = Math.floor(original.length / 2);
  const ranges = [
    { range: 'bytes=0-1', part: original.subarray(0, 2) },
    { range: `bytes=${middle}-${middle + 999}`, part: original.subarray(middle, middle + 1000) },
    { range: 'bytes=-100', part: original.subarray(-100) },
  ];
  for (const { range, part } of ranges) {
    const answer = await fleet.fetch(path, { headers: { range, 'if-range': etag } });
    const received = Buffer.from(await answer.arrayBuffer());
    if (answer.status !== 206) return `status ${answer.status} for ${range}`;
    if (!received.equals(part)) return `other bytes for ${range}`;
    if (!answer.headers.get('content-range')?.endsWith(`/${original.length}`)) return 'another Content-Range';
  }
  const head = await fleet.fetch(path, { method: 'HEAD' });
  if (head.headers.get('content-length') !== String(original.length)) return 'another length by HEAD';
  return null;
}

/** Whether the signature of one job's URL, or none, opens another job's video. */
async function opensWith(fleet: Fleet, path: string, id: string, other: Seen): Promise<boolean> {
  const foreign = path.replace(id, other.id);
  const unsigned = path.replace(/[^/]+\.mp4$/, 'AAAA.mp4');
  for (const one of [foreign, unsigned]) {
    const answer = await fleet.fetch(one);
    await answer.arrayBuffer();
    if (answer.status < 400) return true;
  }
  return false;
}

/** The number of deleted jobs that can still be read, or whose URL still opens. */
export async function countReadable(fleet: Fleet, leaving: readonly Seen[]): Promise<number> {
  let undeleted = 0;
  await inParallel(leaving, async ({ id, video }) => {
    const { videoJob } = await fleet.ask<{ videoJob: unknown }>(
      `query ($id: ID!) { videoJob(id: $id) { id } }`,
      { id },
    );
    const answer = await fleet.fetch(new URL(video?.url ?? 'http://none.invalid/').pathname);
    await answer.arrayBuffer();
    if (videoJob !== null || answer.status < 400) undeleted += 1;
  });
  return undeleted;
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A day of an archive: jobs are made while gateways are killed and the archive fails, then every promise about their files is checked. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { videoKey } from '../../../src/archive/video-key.ts';
import type { ArchivePlace } from './archive-place.ts';
import {
  type CheckOptions,
  checkVideos,
  countReadable,
  type Seen,
  type VideoFaults,
} from './check-videos.ts';
import type { Fleet } from './fleet.ts';
import { inParallel } from './in-parallel.ts';

export interface DayOptions extends CheckOptions {
  readonly place: ArchivePlace;
  readonly videos: number;
  /** Milliseconds from one kill to the next. */
  readonly killEveryMs: number;
  /** A folder for small files. */
  readonly folder: string;
  /** Lets the leases of killed gateways run out. No gateway runs. */
  readonly endLeases: () => Promise<void>;
  /** Ends the retention of all jobs, as far as the gateways' clock does not. No gateway runs. */
  readonly endRetention: () => Promise<void>;
}

/** What was counted. Everything that must not happen is 0. */
export interface DayResult extends VideoFaults {
  readonly completed: number;
  readonly failed: number;
  readonly deleted: number;
  readonly kills: number;
  readonly secondsToArchive: number;
  /** COMPLETED jobs whose file is not in the archive. */
  readonly missing: number;
  /** Files in the archive without a job after deletions. */
  readonly orphans: number;
  /** Deleted jobs that can still be read or whose URL still opens. */
  readonly undeleted: number;
  /** Files after the retention of all jobs. */
  readonly afterRetention: number;
}

const PRELOAD = fileURLToPath(new URL('../process/settable-date.ts', import.meta.url));
const BASE64_EVERY = 10;
const DELETED_EVERY = 12;
const PAGE = 100;
const TIMEOUT_MS = 300_000;
const AFTER_RETENTION_MS = 9 * 24 * 3_600_000;
/** The archive fails between these shares of the submitted videos. */
const OUTAGE = { from: 0.25, to: 0.6 };

export async function simulateDay(options: DayOptions): Promise<DayResult> {
  const { fleet, place, upstream, videos, progress } = options;
  await fleet.start();
  const deleted = new Set<string>();
  const ids = await submitAll(options, deleted);
  progress(`${videos} jobs were accepted, ${fleet.kills} kills`);
  await fleet.stop();
  await options.endLeases();
  await fleet.start();
  const submitted = Date.now();
  const ends = await untilFinal(options, ids, deleted);
  const completed = ends.filter(({ status }) => status === 'COMPLETED');
  progress(`${completed.length} jobs are COMPLETED, ${ends.length - completed.length} failed`);
  const missing = await untilStored(options, completed);
  const secondsToArchive = (Date.now() - submitted) / 1000;
  await fleet.stop();
  upstream.forget();
  await fleet.start();
  progress('the upstream has forgotten all files; every URL is read');
  const { different, notPlaying, opened } = await checkVideos(options, completed);

  progress('jobs are deleted');
  const leaving = completed.filter((_, index) => index % 2 === 0);
  await inParallel(leaving, ({ id }) => removeJob(fleet, id, deleted));
  const stays = new Set(completed.filter(({ id }) => !deleted.has(id)).map(({ id }) => videoKey(id)));
  const orphansOf = async () => (await place.list()).filter((key) => !stays.has(key));
  const orphans = (await untilEmpty(orphansOf)).length;
  const undeleted = await countReadable(fleet, leaving);

  progress('the retention of all jobs ends');
  await fleet.stop();
  await options.endRetention();
  const clockFile = join(options.folder, 'clock');
  writeFileSync(clockFile, String(AFTER_RETENTION_MS));
  await fleet.start({ NODE_OPTIONS: `--import=${PRELOAD}`, TEST_CLOCK_FILE: clockFile });
  const afterRetention = (await untilEmpty(() => place.list())).length;
  return {
    completed: completed.length,
    failed: ends.length - completed.length,
    deleted: deleted.size,
    kills: fleet.kills,
    secondsToArchive,
    missing,
    different,
    notPlaying,
    opened,
    orphans,
    undeleted,
    afterRetention,
  };
}

/** Submits the jobs while gateways are killed and the archive fails. */
async function submitAll(options: DayOptions, deleted: Set<string>): Promise<string[]> {
  const { fleet, place, videos, killEveryMs } = options;
  const ids: string[] = [];
  const done = new AbortController();
  const kill = async () => {
    while (!done.signal.aborted) {
      await delay(killEveryMs);
      await fleet.killOne();
    }
  };
  const killing = kill();
  let outage: Promise<void> = Promise.resolve();
  await inParallel(
    Array.from({ length: videos }, (_, number) => number),
    async (number) => {
      if (number === Math.floor(videos * OUTAGE.from)) outage = outage.then(() => place.fail());
      if (number === Math.floor(videos * OUTAGE.to)) outage = outage.then(() => place.heal());
      const id = await submit(fleet, number);
      ids.push(id);
      // A job from a while ago is deleted, whether its file is stored, being stored or waits.
      const earlier = ids[ids.length - 1 - DELETED_EVERY / 2];
      if (number % DELETED_EVERY === 0 && earlier !== undefined) await removeJob(fleet, earlier, deleted);
    },
  );
  await outage;
  done.abort();
  await killing;
  return ids;
}

async function submit(fleet: Fleet, number: number): Promise<string> {
  const input = {
    image: 'https://example.com/cat.png',
    prompt: `video ${number}`,
    base64: number % BASE64_EVERY === 0,
    idempotencyKey: `day-${number}`,
  };
  const { generateVideo } = await fleet.ask<{ generateVideo: { job: { id: string } } }>(
    `mutation ($input: GenerateVideoInput!) { generateVideo(input: $input) { ... on GenerateVideoSuccess { job { id } } } }`,
    { input },
  );
  return generateVideo.job.id;
}

async function removeJob(fleet: Fleet, id: string, deleted: Set<string>): Promise<void> {
  const { deleteVideoJob } = await fleet.ask<{ deleteVideoJob: { __typename: string } }>(
    `mutation ($id: ID!) { deleteVideoJob(id: $id) { __typename } }`,
    { id },
  );
  // A repeated attempt finds no job.
  if (deleteVideoJob.__typename !== 'DeleteVideoJobUnfinished') deleted.add(id);
}

async function untilFinal(
  { fleet, progress }: DayOptions,
  ids: readonly string[],
  deleted: ReadonlySet<string>,
): Promise<Seen[]> {
  const until = Date.now() + TIMEOUT_MS;
  for (;;) {
    const all = await readAll(fleet);
    const open = all.filter(({ status }) => status === 'QUEUED' || status === 'PROCESSING');
    const expected = ids.filter((id) => !deleted.has(id));
    if (open.length === 0) {
      const found = new Set(all.map(({ id }) => id));
      const lost = expected.filter((id) => !found.has(id));
      if (lost.length > 0) throw new Error(`Jobs are lost: ${lost.join(', ')}`);
      return all;
    }
    if (Date.now() > until) throw new Error(`${open.length} jobs are not final.`);
    progress(`${open.length} jobs are not final`);
    await delay(1000);
  }
}

async function readAll(fleet: Fleet): Promise<Seen[]> {
  const found: Seen[] = [];
  for (let after: string | null = null; ;) {
    const { videoJobs }: { videoJobs: Page } = await fleet.ask<{ videoJobs: Page }>(
      `query ($after: String) { videoJobs(first: ${PAGE}, after: $after) {
        nodes { id status upstreamRequestId video { url byteLength } failure { code } } pageInfo { hasNextPage endCursor } } }`,
      { after },
    );
    found.push(...videoJobs.nodes);
    if (!videoJobs.pageInfo.hasNextPage) return found;
    after = videoJobs.pageInfo.endCursor;
  }
}

interface Page {
  readonly nodes: readonly Seen[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** @returns the number of files that are not stored in the end */
async function untilStored({ place, progress }: DayOptions, completed: readonly Seen[]): Promise<number> {
  const keys = completed.map(({ id }) => videoKey(id));
  const missingNow = async () => {
    const stored = new Set(await place.list());
    const missing = keys.filter((key) => !stored.has(key));
    if (missing.length > 0) progress(`${missing.length} files are not stored`);
    return missing;
  };
  return (await untilEmpty(missingNow)).length;
}

/** Polls a list until it is empty. @returns the last list */
async function untilEmpty(read: () => Promise<string[]>): Promise<string[]> {
  const until = Date.now() + TIMEOUT_MS;
  for (;;) {
    const found = await read();
    if (found.length === 0 || Date.now() > until) return found;
    await delay(1000);
  }
}

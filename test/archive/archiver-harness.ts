import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { Archiver, type ArchiverOptions } from '../../src/archive/archiver.ts';
import type { BlobStore } from '../../src/archive/blob-store.ts';
import { FolderBlobStore } from '../../src/archive/blobs/folder-blob-store.ts';
import { videoKey } from '../../src/archive/video-key.ts';
import type { Job, JobVideo } from '../../src/domain/job/job.ts';
import { GatewayEvents } from '../../src/events/gateway-events.ts';
import { FileClient } from '../../src/providers/files/file-client.ts';
import type { FileTasks, LeasedFileTask } from '../../src/store/file-tasks.ts';
import type { JobStore } from '../../src/store/job-store.ts';
import { keys } from '../../src/store/redis/keys.ts';
import { RedisFileTasks } from '../../src/store/redis/redis-file-tasks.ts';
import { RedisSharedText } from '../../src/store/redis/redis-shared-text.ts';
import type { SharedText } from '../../src/store/shared-text.ts';
import { SqliteFileTasks } from '../../src/store/sqlite/sqlite-file-tasks.ts';
import { SqliteSharedText } from '../../src/store/sqlite/sqlite-shared-text.ts';
import { GatewayLog } from '../../src/telemetry/logs/gateway-log.ts';
import { openRedis } from '../store/redis/open-redis.ts';
import { openSqlite } from '../store/sqlite/open-sqlite.ts';
import { NO_EVENTS } from '../support/events.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { acceptedJob, changedJob, completed, record } from '../support/jobs.ts';
import { RedisServer } from '../support/redis/redis-server.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { DAY, MINUTE } from '../support/times.ts';
import { FileServer } from './file-server.ts';

/** The retention of the tests' stores. */
export const RETENTION_MS = 7 * DAY;
/** The rest of a task that is done: the job's retention and a margin. */
export const REST_MS = RETENTION_MS + 15 * MINUTE;
/** One turn of the archiver's loop, in milliseconds. */
const TURN_MS = 2000;
/** Real milliseconds for what a test waits for. */
const PATIENCE_MS = 20_000;

/** A store with its file tasks. */
export interface ArchivedStore {
  readonly store: JobStore;
  readonly tasks: FileTasks;
  readonly lastPlace: SharedText;
  readonly clock: FakeClock;
}

/** An embedded store until the end of the test. */
export async function openEmbedded(): Promise<ArchivedStore> {
  const clock = new FakeClock();
  const opened = openSqlite({ now: clock.now });
  onTestFinished(() => opened[Symbol.asyncDispose]());
  const { database, commits } = opened.store;
  const lastPlace = new SqliteSharedText(database, commits, 'archive-place');
  return { store: opened.store, tasks: new SqliteFileTasks(database, commits), lastPlace, clock };
}

/** A store on a Redis of its own until the end of the test. */
export async function openShared(): Promise<ArchivedStore> {
  // Redis expires records by its own clock.
  const clock = new FakeClock(Date.now());
  const redis = await RedisServer.start();
  onTestFinished(() => redis[Symbol.asyncDispose]());
  const store = await openRedis([redis.url], { clock });
  onTestFinished(() => store[Symbol.asyncDispose]());
  const lastPlace = new RedisSharedText(store.client, keys.archivePlace);
  return { store, tasks: new RedisFileTasks(store.client, store.quarantine), lastPlace, clock };
}

/** What a test may replace. */
export interface HarnessOptions {
  readonly wrapBlobs?: (blobs: BlobStore) => BlobStore;
  /** Further origins that may have private addresses. */
  readonly trusted?: readonly string[];
  /** After so long without an answer or data a host counts as failing. @default 30_000, which a busy machine does not reach */
  readonly idleTimeoutMs?: number;
  readonly change?: Partial<ArchiverOptions>;
}

/** An archiver on a real store, with a folder for the videos and a server in the place of the upstream. */
export class ArchiverHarness {
  readonly store: JobStore;
  readonly tasks: FileTasks;
  readonly lastPlace: SharedText;
  readonly clock: FakeClock;
  readonly server: FileServer;
  readonly blobs: BlobStore;
  readonly folder: string;
  readonly tempFolder: string;
  readonly logged: {
    readonly level: string;
    readonly details: Record<string, unknown>;
    readonly message: string;
  }[] = [];
  readonly events = new GatewayEvents();
  readonly #gatewayLog: GatewayLog;
  archiver: Archiver;
  readonly #options: ArchiverOptions;
  /** Tasks that are leased and not ended. */
  readonly #inProgress = new Set<string>();
  /** Calls of `lease` without an answer: the store may have leased tasks already. */
  #leasing = 0;

  private constructor(
    options: Omit<ArchiverOptions, 'tasks' | 'events'>,
    opened: ArchivedStore,
    server: FileServer,
    folder: string,
  ) {
    ({ store: this.store, tasks: this.tasks, lastPlace: this.lastPlace, clock: this.clock } = opened);
    this.server = server;
    this.blobs = options.blobs;
    this.folder = folder;
    this.tempFolder = options.tempFolder;
    const log = (level: string) => (details: object, message: string) =>
      void this.logged.push({ level, details: { ...details }, message });
    const lines = { debug: () => {}, info: log('info'), warn: log('warn'), error: log('error') };
    this.#gatewayLog = new GatewayLog(lines, new FakeClock(), this.events);
    this.#options = {
      ...options,
      tasks: this.#watched(opened.tasks),
      events: this.events,
    };
    this.archiver = new Archiver(this.#options);
  }

  static async start(
    opened: ArchivedStore,
    { wrapBlobs, trusted = [], idleTimeoutMs = 30_000, change }: HarnessOptions = {},
  ): Promise<ArchiverHarness> {
    const [folder, temporary, server] = [tempFolder(), tempFolder(), await FileServer.start()];
    const stored = await FolderBlobStore.open({
      path: folder.path,
      isShared: false,
      now: Date.now,
      events: NO_EVENTS,
    });
    const files = new FileClient({
      trustedOrigins: [server.origin, ...trusted],
      proxy: null,
      idleTimeoutMs,
    });
    const harness = new ArchiverHarness(
      {
        jobs: opened.store,
        blobs: wrapBlobs?.(stored) ?? stored,
        place: { current: stored.place, last: opened.lastPlace },
        files,
        clock: opened.clock,
        random: () => 0.5,
        retentionMs: RETENTION_MS,
        tempFolder: temporary.path,
        ...change,
      },
      opened,
      server,
      folder.path,
    );
    onTestFinished(async () => {
      await harness.archiver.stop();
      harness.#gatewayLog[Symbol.dispose]();
      await files[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
      temporary[Symbol.dispose]();
    });
    return harness;
  }

  /** Starts the archiver. */
  run(): void {
    this.archiver.start();
  }

  /** Starts another archiver, as after a restart. */
  restart(change: Partial<ArchiverOptions> = {}): void {
    this.archiver = new Archiver({ ...this.#options, ...change });
    this.archiver.start();
  }

  /** Stores a completed job, with its file task unless an instance without an archive completed it. */
  async complete(video: Partial<JobVideo>, videoData?: string, addsFileTask = true): Promise<Job> {
    const now = this.clock.now();
    const accepted = acceptedJob({ createdAt: now });
    await this.store.create(record(accepted));
    const expiresAt = now + RETENTION_MS;
    const full = {
      url: null,
      inline: false,
      contentType: 'video/mp4',
      byteLength: null,
      expiresAt,
      ...video,
    };
    const job = changedJob(completed(accepted, now), { video: full });
    const data = videoData === undefined ? {} : { videoData };
    await this.store.save('', { job, schedule: null, addsFileTask, ...data });
    return job;
  }

  /** Lets time pass while the archiver has nothing to do, until a condition holds. */
  async until(holds: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!(await holds())) {
      if (performance.now() > deadline) throw new Error(`It never happened: ${JSON.stringify(this.logged)}`);
      // Once more, because the condition may hold since the last task ended, and the time of the next one may be days away.
      if (!this.#isBusy() && !(await holds())) await this.#skip();
      await delay(2);
    }
  }

  /** The stored video of a job, or null. */
  async stored({ id }: Pick<Job, 'id'>): Promise<Buffer | null> {
    const body = await this.blobs.get(videoKey(id), null, new AbortController().signal);
    return body === null ? null : buffer(body);
  }

  /** Resolves when the video of a job is stored and its task sleeps. */
  async untilArchived(job: Pick<Job, 'id'>): Promise<void> {
    await this.until(() =>
      this.logged.some(({ message, details }) => message === 'video archived' && details['jobId'] === job.id),
    );
  }

  /** The stored files by name; the folder's own mark does not count. */
  files(): string[] {
    const names = readdirSync(this.folder, { recursive: true, withFileTypes: true });
    return names
      .filter((entry) => entry.isFile() && entry.name !== '.reelgate-archive')
      .map((entry) => join(entry.parentPath, entry.name).slice(this.folder.length + 1));
  }

  /** Temporary files that have a name. */
  leftovers(): string[] {
    return readdirSync(this.tempFolder);
  }

  linesOf(level: string): string[] {
    return this.logged.filter((line) => line.level === level).map(({ message }) => message);
  }

  #isBusy(): boolean {
    return this.#leasing > 0 || this.#inProgress.size > 0;
  }

  /** Jumps to the next due task, and lets the loop run. */
  async #skip(): Promise<void> {
    const runAt = await this.tasks.nextDueAt().catch(() => null);
    // The archiver may have leased a task meanwhile, and time must not pass during a transfer.
    if (this.#isBusy()) return;
    const aheadMs = (runAt ?? 0) - this.clock.now() - TURN_MS;
    if (aheadMs > 0) this.clock.jump(aheadMs);
    await this.clock.advance(TURN_MS);
  }

  #watched(tasks: FileTasks): FileTasks {
    const ended = async <T>({ leaseId }: LeasedFileTask, ending: Promise<T>): Promise<T> => {
      const outcome = await ending;
      this.#inProgress.delete(leaseId);
      return outcome;
    };
    return {
      addMissing: (after, limit, runAt) => tasks.addMissing(after, limit, runAt),
      makeDue: (after, limit, runAt) => tasks.makeDue(after, limit, runAt),
      lease: async (query) => {
        this.#leasing += 1;
        try {
          const leased = await tasks.lease(query);
          for (const { leaseId } of leased) this.#inProgress.add(leaseId);
          return leased;
        } finally {
          this.#leasing -= 1;
        }
      },
      extend: (task, until) => tasks.extend(task, until),
      release: (task, schedule) => ended(task, tasks.release(task, schedule)),
      complete: (task) => ended(task, tasks.complete(task)),
      nextDueAt: () => tasks.nextDueAt(),
    };
  }
}

/** The methods of a storage, to override some. */
export function overridden(blobs: BlobStore): BlobStore {
  return {
    put: (key, body, blob) => blobs.put(key, body, blob),
    get: (key, range, signal) => blobs.get(key, range, signal),
    head: (key, signal) => blobs.head(key, signal),
    delete: (key, signal) => blobs.delete(key, signal),
  };
}

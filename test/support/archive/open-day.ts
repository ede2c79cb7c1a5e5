import { join } from 'node:path';
import { keys, SHARDS } from '../../../src/store/redis/keys.ts';
import { RedisServer } from '../redis/redis-server.ts';
import { tempFolder } from '../temp-folder.ts';
import { FileUpstream } from '../upstream/file-upstream.ts';
import { folderPlace } from './archive-place.ts';
import type { DayOptions } from './day.ts';
import { Fleet } from './fleet.ts';
import { s3Place } from './s3-place.ts';

/** The stores whose days are simulated. */
export type DayStore = 'embedded store and folder' | 'Redis and S3';

export interface OpenedDay extends AsyncDisposable {
  readonly options: Pick<
    DayOptions,
    'fleet' | 'place' | 'upstream' | 'folder' | 'endLeases' | 'endRetention'
  >;
}

const INSTANCES = 2;
const DISK_MIB = 512;

/** @param isRealDisk as root the folder is a small file system, so that it can be full */
export async function openDay(store: DayStore, { isRealDisk }: { isRealDisk: boolean }): Promise<OpenedDay> {
  await using resources = new AsyncDisposableStack();
  const folder = resources.use(tempFolder());
  const upstream = resources.use(await FileUpstream.start({ hasFaults: true }));
  const redis =
    store === 'Redis and S3' ? resources.use(await RedisServer.start({ appendOnly: true })) : null;
  const place = resources.use(
    redis === null ? folderPlace(join(folder.path, 'data'), isRealDisk ? DISK_MIB : null) : await s3Place(),
  );
  const settings = {
    ...place.settings,
    SEGMIND_API_KEY: 'SG_test',
    SEGMIND_BASE_URL: upstream.url,
    SEGMIND_HISTORY_URL: 'off',
    SEGMIND_RPM: '0',
    ...(redis === null ? {} : { REDIS_URL: redis.url }),
  };
  const count = redis === null ? 1 : INSTANCES;
  const fleet = resources.use(new Fleet(Array.from({ length: count }, () => settings)));
  const endLeases = async () => {
    if (redis === null) return;
    await makeJobsDue(redis);
    await makeFilesDue(redis);
  };
  const endRetention = async () => {
    if (redis === null) return;
    await expireJobs(redis);
    await makeFilesDue(redis);
  };
  const owned = resources.move();
  return {
    options: { fleet, place, upstream, folder: folder.path, endLeases, endRetention },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Redis deletes jobs by its own clock, and all instances follow it. A test cannot set it. */
async function expireJobs(redis: RedisServer): Promise<void> {
  for (const shard of SHARDS) {
    const jobs = await redis.list('KEYS', `${keys.jobsOf(shard)}*`);
    for (const key of jobs) await redis.run('PEXPIRE', key, '1');
  }
}

/** A leased job is due again when its lease ends. */
function makeJobsDue(redis: RedisServer): Promise<void> {
  return makeDue(redis, SHARDS.map(keys.due));
}

function makeFilesDue(redis: RedisServer): Promise<void> {
  return makeDue(redis, SHARDS.map(keys.fileTasks));
}

async function makeDue(redis: RedisServer, sets: readonly string[]): Promise<void> {
  for (const set of sets) {
    const ids = await redis.list('ZRANGE', set, '0', '-1');
    if (ids.length > 0) await redis.run('ZADD', set, ...ids.flatMap((id) => ['0', id]));
  }
}

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
import { GatewayEvents } from '../../src/events/gateway-events.ts';
import { StartError } from '../../src/process/start-error.ts';
import { GatewayLog } from '../../src/telemetry/logs/gateway-log.ts';
import { openArchive } from '../../src/wiring/open-archive.ts';
import { put, read } from '../contract/blob-store.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { ConnectProxy } from '../support/network/connect-proxy.ts';
import { createBucket, sharedSwift, swiftVariables } from '../support/s3/shared-swift.ts';
import { tempFolder } from '../support/temp-folder.ts';

const REDIS_URL = 'redis://127.0.0.1:1';
const SEGMIND_API_KEY = 'SG_1';

it('warns when Redis is set and ARCHIVE is not, and only then', async () => {
  const forgotten = await open({ REDIS_URL });
  expect(forgotten.archive).toBeNull();
  expect(forgotten.lines).toEqual([
    'warn: ARCHIVE is not set: videos are not kept, and their links end when the upstream deletes its files. Set ARCHIVE=s3://bucket/prefix to keep them, or ARCHIVE=folder if DATA_DIR is a volume that all instances share',
  ]);
  for (const settings of [{ ARCHIVE: 'off', REDIS_URL }, { ARCHIVE: 'off' }]) {
    const chosen = await open(settings);
    expect(chosen.archive).toBeNull();
    expect(chosen.lines).toEqual([
      'info: ARCHIVE is off: videos are not kept, and their links end when the upstream deletes its files',
    ]);
  }
});

describe('a folder', () => {
  it('is in DATA_DIR; with Redis the log says that all instances have to share it', async () => {
    using folder = tempFolder();
    const path = join(folder.path, 'archive');
    const own = await open({ DATA_DIR: folder.path });
    expect(own.lines).toEqual([`info: videos are kept in ${path}`]);
    await put(present(own.archive), Buffer.from('x'));
    const shared = await open({ DATA_DIR: folder.path, ARCHIVE: 'folder', REDIS_URL });
    expect(shared.lines).toEqual([
      `info: videos are kept in ${path}: with Redis, DATA_DIR has to be a volume that all instances share`,
    ]);
    expect(String(await read(present(shared.archive)))).toBe('x');
  });

  it('that cannot be used prevents the start', async () => {
    using folder = tempFolder();
    writeFileSync(join(folder.path, 'archive'), '');
    const opened = open({ DATA_DIR: folder.path });
    await expect(opened).rejects.toThrow(StartError);
    await expect(opened).rejects.toThrow(
      `ARCHIVE=folder cannot be used, because ${join(folder.path, 'archive')} is not a folder: move that file away`,
    );
  });
});

describe('a bucket', () => {
  // The tests' own environment must not count.
  beforeEach(() => {
    for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
    using nowhere = tempFolder();
    vi.stubEnv('AWS_CONFIG_FILE', join(nowhere.path, 'config'));
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(nowhere.path, 'credentials'));
    // On Amazon's machines credentials would come from there; elsewhere it costs seconds.
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  });

  it('is used with the variables of Amazon’s tools, without a region too', async () => {
    const endpoint = await sharedSwift();
    const bucket = await createBucket(endpoint);
    const { AWS_REGION: _, ...variables } = swiftVariables(endpoint);
    await using opened = await openS3({ ...variables, ARCHIVE: `s3://${bucket}/videos` });
    await put(opened.archive, Buffer.from('kept'));
    expect(String(await read(opened.archive))).toBe('kept');
    expect(opened.lines).toEqual([`info: videos are kept in the bucket ${bucket} at ${endpoint}`]);
  });

  it('that cannot be used does not prevent the start; the log says why, without the secret', async () => {
    const endpoint = await sharedSwift();
    const bucket = await createBucket(endpoint);
    const wrong = { ...swiftVariables(endpoint), AWS_SECRET_ACCESS_KEY: 'wrong-secret' };
    await using opened = await openS3({ ...wrong, ARCHIVE: `s3://${bucket}` });
    await expect.poll(() => opened.lines).toHaveLength(2);
    expect(opened.lines[1]).toBe(
      `error: the archive cannot be used, and videos are only kept once it can. The bucket ${bucket} at ${endpoint} refuses the access key or its secret (403 SignatureDoesNotMatch): correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile or role that they come from.`,
    );
  });

  it('without credentials: the log says how to set them', async () => {
    await using opened = await openS3({ ARCHIVE: 's3://my-bucket', AWS_REGION: 'eu-central-1' });
    await expect.poll(() => opened.lines).toHaveLength(2);
    expect(opened.lines[1]).toContain(
      'There are no credentials for the bucket my-bucket of Amazon S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile in AWS_PROFILE, or give the machine a role',
    );
  });

  it('of Amazon S3 without a region prevents the start', async () => {
    const opened = openS3({ ARCHIVE: 's3://my-bucket' });
    await expect(opened).rejects.toThrow(StartError);
    await expect(opened).rejects.toThrow(
      'ARCHIVE s3://my-bucket needs the region of the bucket: set AWS_REGION',
    );
  });

  it('is reached through the proxy of outgoing calls, except with NO_PROXY', async () => {
    const endpoint = await sharedSwift();
    const bucket = await createBucket(endpoint);
    const { port } = new URL(endpoint);
    await using proxy = await ConnectProxy.start(Number(port), 'tunnels');
    const settings = {
      ...swiftVariables(`http://s3.example.internal:${port}`),
      ARCHIVE: `s3://${bucket}`,
      HTTP_PROXY: proxy.url,
    };
    const proxied = await openS3(settings);
    await put(proxied.archive, Buffer.from('x'));
    expect(proxy.connects[0]?.target).toBe(`s3.example.internal:${port}`);
    await proxied[Symbol.asyncDispose]();
    const before = proxy.connects.length;
    await using direct = await openS3({ ...settings, NO_PROXY: 'example.internal' });
    await expect(put(direct.archive, Buffer.from('x'))).rejects.toThrow('ENOTFOUND');
    expect(proxy.connects).toHaveLength(before);
  });
});

async function open(settings: Readonly<Record<string, string>>) {
  const lines: string[] = [];
  const log = pino(
    { base: null, timestamp: false, formatters: { level: (level) => ({ level }) } },
    {
      write: (line) => {
        const { level, msg }: { level: string; msg: string } = JSON.parse(line);
        lines.push(`${level}: ${msg}`);
      },
    },
  );
  const events = new GatewayEvents();
  using _ = new GatewayLog(log, new FakeClock(), events);
  const config = parseConfig({ SEGMIND_API_KEY, ...settings });
  const archive = await openArchive(config, { now: Date.now, events, log });
  return { archive, lines };
}

/** The S3 client reads the environment itself. */
async function openS3(settings: Readonly<Record<string, string>>) {
  for (const [name, value] of Object.entries(settings)) if (name.startsWith('AWS_')) vi.stubEnv(name, value);
  const opened = await open(settings);
  const archive = present(opened.archive);
  return {
    archive,
    lines: opened.lines,
    [Symbol.asyncDispose]: () => archive[Symbol.asyncDispose](),
  };
}

function present<T>(value: T | null): T {
  if (value === null) throw new Error('There is no archive.');
  return value;
}

import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { videoKey } from '../../../src/archive/video-key.ts';
import type { Job } from '../../../src/domain/job/job.ts';
import { SqliteJobStore } from '../../../src/store/sqlite/sqlite-job-store.ts';
import { file, type FileHandler, FileServer } from '../../archive/file-server.ts';
import { sampleMp4 } from '../../archive/sample-mp4.ts';
import { sqliteOptions } from '../../store/sqlite/open-sqlite.ts';
import { OWNER } from '../../support/gateway/gateway.ts';
import { graphql } from '../../support/gateway/http.ts';
import { readJob, spawnGateway } from '../../support/gateway/spawned-gateway.ts';
import { acceptedJob, changedJob, completed, record } from '../../support/jobs.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { DAY } from '../../support/times.ts';
import { until } from '../../support/until.ts';

const VIDEO = sampleMp4({ dataLength: 3_000_000 });

/** Sends a part of the video and then nothing, and tells when that part has been sent. */
function stall(length: number): { readonly handler: FileHandler; readonly sent: Promise<void> } {
  const sent = Promise.withResolvers<void>();
  const handler: FileHandler = (_request, response) => {
    response.writeHead(200, { 'content-length': String(VIDEO.length), etag: '"1"' });
    response.write(VIDEO.subarray(0, length), () => sent.resolve());
  };
  return { handler, sent: sent.promise };
}

/** Sends the whole video, and tells when it is sent: the gateway begins to store it. */
function whole(): { readonly handler: FileHandler; readonly sent: Promise<void> } {
  const sent = Promise.withResolvers<void>();
  const handler: FileHandler = (request, response) => {
    response.once('finish', () => sent.resolve());
    file(VIDEO)(request, response);
  };
  return { handler, sent: sent.promise };
}

/** Stores a completed job whose video is not archived yet, as the poller leaves it. */
async function completedJob(folder: string, url: string): Promise<Job> {
  await using store = new SqliteJobStore(sqliteOptions(folder, { now: Date.now }));
  const now = Date.now();
  const accepted = acceptedJob({ createdAt: now, ownerId: OWNER });
  await store.create(record(accepted));
  const video = { url, inline: false, contentType: 'video/mp4', byteLength: null, expiresAt: now + 7 * DAY };
  const job = changedJob(completed(accepted, now), { video });
  await store.save('', { job, schedule: null, addsFileTask: true });
  return job;
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.endsWith('.reelgate-archive') && statSync(join(folder, name)).isFile())
    .toSorted();
}

it('a gateway that is killed again and again archives the video once, and a deletion survives a kill', async () => {
  await using server = await FileServer.start();
  using folder = tempFolder();
  const archive = join(folder.path, 'archive');
  const url = `${server.origin}/a.mp4`;
  const job = await completedJob(folder.path, url);
  const settings = { DATA_DIR: folder.path, SEGMIND_BASE_URL: server.origin, ARCHIVE: 'folder' };
  for (const { handler, sent } of [stall(0), stall(1_000_000), whole()]) {
    server.on('/a.mp4', handler);
    await using gateway = await spawnGateway(settings);
    await sent;
    gateway.kill('SIGKILL');
    await gateway.exited;
  }
  server.on('/a.mp4', file(VIDEO));
  {
    await using gateway = await spawnGateway(settings);
    await until(() => filesIn(archive), [videoKey(job.id)]);
    expect(readFileSync(join(archive, videoKey(job.id))).equals(VIDEO)).toBe(true);
    expect(readdirSync(folder.path).filter((name) => name.startsWith('reelgate-'))).toEqual([]);
    const deletion = `mutation ($id: ID!) { deleteVideoJob(id: $id) { ... on DeleteVideoJobSuccess { id } } }`;
    const { data } = await graphql(gateway.url, deletion, { id: job.id });
    expect(data).toEqual({ deleteVideoJob: { id: job.id } });
    gateway.kill('SIGKILL');
    await gateway.exited;
  }
  await using gateway = await spawnGateway(settings);
  await until(() => filesIn(archive), []);
  expect(await readJob(gateway.url, job.id)).toBeNull();
});

it('a folder that was deleted between two starts is filled again', async () => {
  await using server = await FileServer.start();
  using folder = tempFolder();
  const archive = join(folder.path, 'archive');
  const job = await completedJob(folder.path, server.on('/a.mp4', file(VIDEO)));
  const settings = { DATA_DIR: folder.path, SEGMIND_BASE_URL: server.origin, ARCHIVE: 'folder' };
  {
    await using gateway = await spawnGateway(settings);
    await until(() => filesIn(archive), [videoKey(job.id)]);
    await until(() => isPlaceStored(folder.path), true);
    gateway.kill('SIGTERM');
    await gateway.exited;
  }
  rmSync(archive, { recursive: true });
  await using _ = await spawnGateway(settings);
  await until(() => filesIn(archive), [videoKey(job.id)]);
  expect(readFileSync(join(archive, videoKey(job.id))).equals(VIDEO)).toBe(true);
});

function isPlaceStored(folder: string): boolean {
  using database = new DatabaseSync(join(folder, 'reelgate.sqlite'), { readOnly: true });
  return database.prepare("SELECT 1 FROM shared_texts WHERE name = 'archive-place'").get() !== undefined;
}

import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { JobFolder } from '../../../packages/sandbox/src/jobs/job-folder.ts';
import { Jobs } from '../../../packages/sandbox/src/jobs/jobs.ts';
import type { JobsOptions } from '../../../packages/sandbox/src/jobs/jobs.ts';
import { VideoRenderer } from '../../../packages/sandbox/src/video/video-renderer.ts';
import {
  FakeClock,
  accepted,
  ended,
  pictureUrl,
  resultOf,
  sandbox,
  statusOf,
  steady,
  temporaryFolder,
  textOf,
} from '../support.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('a result', () => {
  it('is kept for an hour after the submission, its file for seven days', async () => {
    const clock = new FakeClock();
    const { url } = await sandbox({ clock: clock.read, random: steady });
    const id = await accepted(url);
    clock.advance(HOUR - 1);
    await ended(url, id);
    const video = textOf((await resultOf(url, id)).body, 'output');
    clock.advance(1);
    const gone = { status: 404, body: { error: `Request ${id} not found` } };
    expect(await statusOf(url, id)).toMatchObject(gone);
    expect(await resultOf(url, id)).toMatchObject(gone);
    clock.advance(7 * DAY - HOUR - 1);
    expect((await fetch(video, { method: 'HEAD' })).status).toBe(200);
    clock.advance(1);
    expect((await fetch(video)).status).toBe(404);
  });

  it('is kept for an hour at any speed', async () => {
    const clock = new FakeClock();
    const { url } = await sandbox({ clock: clock.read, speed: 1_000 });
    const id = await accepted(url, { steps: 1 });
    clock.advance(HOUR - 1);
    expect((await statusOf(url, id)).status).toBe(422);
    clock.advance(1);
    expect((await statusOf(url, id)).status).toBe(404);
  });
});

/** A job that fails soon and renders no video. */
const INVALID = { prompt: 'A fox' };

/** Jobs without an HTTP server. */
async function bench(options: Partial<JobsOptions> = {}) {
  const path = await temporaryFolder();
  const clock = new FakeClock();
  const folder = new JobFolder(path);
  const jobs = new Jobs({
    folder,
    renderer: new VideoRenderer(() => undefined, { privateAddresses: true, own: () => null }),
    clock: clock.read,
    random: steady,
    speed: 1,
    maxPendingVideos: 500,
    log: () => undefined,
    ...options,
  });
  onTestFinished(() => jobs[Symbol.asyncDispose]());
  await jobs.load();
  const kept = async (): Promise<number> => (await readdir(join(path, 'jobs'))).length;
  return { path, clock, jobs, folder, kept };
}

describe('the sweep', () => {
  it('deletes only expired jobs', async () => {
    const { jobs, clock, kept } = await bench();
    await jobs.create(INVALID, null);
    clock.advance(DAY);
    await jobs.create(INVALID, null);
    clock.advance(6 * DAY - 1);
    await jobs.sweep();
    expect(await kept()).toBe(2);
    clock.advance(1);
    await jobs.sweep();
    expect(await kept()).toBe(1);
  });

  it('deletes the oldest ended jobs when there are too many', async () => {
    const { jobs, clock, kept } = await bench();
    const first = await jobs.create(INVALID, null);
    for (let index = 0; index < 2_001; index += 1) await jobs.create(INVALID, null);
    clock.advance(HOUR / 2);
    const last = await jobs.create(INVALID, null);
    await jobs.sweep();
    expect(await kept()).toBe(2_000);
    expect(jobs.find(first?.id ?? '')).toBeNull();
    expect(jobs.find(last?.id ?? '')).not.toBeNull();
  });

  it('runs at the start and deletes what a crash left behind', async () => {
    const { path, clock, jobs, kept } = await bench();
    await jobs.create(INVALID, null);
    await Promise.all([
      writeFile(join(path, 'jobs', 'a.json.1.tmp'), '{'),
      writeFile(join(path, 'videos', 'a.mp4.1.tmp'), '{'),
      writeFile(join(path, 'videos', `${'b'.repeat(32)}.mp4`), 'x'),
    ]);
    await using again = await sandbox({ folder: path, clock: clock.read });
    expect(again.url).toMatch(/^http/);
    expect(await kept()).toBe(1);
    expect(await readdir(join(path, 'videos'))).toEqual([]);
  });
});

describe('a new job', () => {
  it('counts jobs that are being written as unfinished', async () => {
    const { jobs } = await bench({ maxPendingVideos: 2 });
    const body = { ...INVALID, image: await pictureUrl() };
    const made = await Promise.all([1, 2, 3, 4].map(() => jobs.create(body, null)));
    expect(made.map((job) => job !== null)).toEqual([true, true, false, false]);
  });

  it('costs nothing when it cannot be written', async () => {
    const { jobs, folder } = await bench();
    vi.spyOn(folder, 'saveJob').mockRejectedValue(new Error('disk full'));
    await expect(jobs.create({ ...INVALID, image: 'https://example.com/a.png' }, null)).rejects.toThrow(
      'disk full',
    );
    expect(jobs.credits).toBe(1_000_000);
  });
});

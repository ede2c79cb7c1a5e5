import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../private-files.ts';
import type { Job } from './job.ts';
import { jobSchema } from './job.ts';

/** Stores jobs as JSON files and videos as MP4 files. Every file is replaced atomically. */
export class JobFolder {
  readonly #jobs: string;
  readonly #videos: string;

  constructor(folder: string) {
    this.#jobs = join(folder, 'jobs');
    this.#videos = join(folder, 'videos');
  }

  async open(): Promise<void> {
    await Promise.all([this.#jobs, this.#videos].map((path) => mkdir(path, { recursive: true })));
  }

  /** All readable jobs. A file that is not a job is reported to `onCorrupt` and not deleted. */
  async readAll(onCorrupt: (file: string, error: unknown) => void): Promise<Job[]> {
    const names = (await readdir(this.#jobs)).filter((name) => name.endsWith('.json'));
    const jobs = await Promise.all(
      names.map(async (name) => {
        try {
          return jobSchema.parse(JSON.parse(await readFile(join(this.#jobs, name), 'utf8')));
        } catch (error) {
          onCorrupt(name, error);
          return null;
        }
      }),
    );
    return jobs.filter((job) => job !== null);
  }

  async saveJob(job: Job): Promise<void> {
    await replaceFile(join(this.#jobs, `${job.id}.json`), JSON.stringify(job));
  }

  async saveVideo(videoId: string, bytes: Uint8Array): Promise<void> {
    await replaceFile(this.videoPath(videoId), bytes);
  }

  videoPath(videoId: string): string {
    return join(this.#videos, `${videoId}.mp4`);
  }

  async remove(job: Job): Promise<void> {
    await Promise.all([
      rm(join(this.#jobs, `${job.id}.json`), { force: true }),
      rm(this.videoPath(job.videoId), { force: true }),
    ]);
  }

  /** Deletes videos without a record and temporary files of a crashed run. */
  async removeOrphans(jobs: readonly Job[]): Promise<void> {
    const owned = new Set(jobs.map((job) => `${job.videoId}.mp4`));
    const [videos, records] = await Promise.all([readdir(this.#videos), readdir(this.#jobs)]);
    await Promise.all([
      ...videos
        .filter((name) => !owned.has(name))
        .map((name) => rm(join(this.#videos, name), { force: true })),
      ...records
        .filter((name) => name.endsWith('.tmp'))
        .map((name) => rm(join(this.#jobs, name), { force: true })),
    ]);
  }
}

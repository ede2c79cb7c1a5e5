import { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { FolderBlobStore } from '../../../../src/archive/blobs/folder-blob-store.ts';
import { videoKey } from '../../../../src/archive/video-key.ts';
import type { Job } from '../../../../src/domain/job/job.ts';
import { NO_EVENTS } from '../../../support/events.ts';
import { type Gateway, type GatewayOptions, startGateway } from '../../../support/gateway/gateway.ts';
import { dataOf } from '../../../support/gateway/http.ts';
import { JobMover, VIDEO, WHOLE_LIFE } from '../../../support/gateway/job-mover.ts';
import { tempFolder } from '../../../support/temp-folder.ts';
import { NOON } from '../../../support/times.ts';
import { VIDEO_BYTES } from './video-upstream.ts';

/** A gateway with an archive, and jobs with videos. It ends with the test. */
export class Videos {
  readonly gateway: Gateway;
  readonly #folder: string;
  readonly #mover: JobMover;

  private constructor(gateway: Gateway, folder: string) {
    this.gateway = gateway;
    this.#folder = folder;
    this.#mover = new JobMover(gateway);
  }

  /** @param upstream its origin */
  static async start(upstream: string, options: GatewayOptions = {}): Promise<Videos> {
    const folder = tempFolder();
    const settings = {
      SEGMIND_BASE_URL: upstream,
      DATA_DIR: folder.path,
      ARCHIVE: 'folder',
      ...options.settings,
    };
    const gateway = await startGateway({ ...options, settings });
    onTestFinished(async () => {
      await gateway[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    });
    return new Videos(gateway, `${folder.path}/archive`);
  }

  /** Completes a job whose video is at a URL. */
  async atUrl(url: string, byteLength: number | null = null): Promise<Job> {
    const { id } = await this.#mover.accept();
    const video = { ...VIDEO, url, byteLength };
    const collected = { type: 'video-collected', video, startedAt: NOON, metrics: null } as const;
    return this.#mover.move(id, ...WHOLE_LIFE.slice(0, -1), collected);
  }

  /** Completes a job whose video is in the store. @param expiresAt as stored */
  async inline(expiresAt?: number): Promise<Job> {
    const { id } = await this.#mover.accept();
    await this.#mover.move(id, ...WHOLE_LIFE.slice(0, -1));
    return this.#mover.collectInline(id, VIDEO_BYTES.toString('base64'), expiresAt);
  }

  /** Stores the file of a job in the archive. */
  async archive({ id }: Job, bytes: Buffer = VIDEO_BYTES): Promise<void> {
    const store = await FolderBlobStore.open({
      path: this.#folder,
      isShared: false,
      now: Date.now,
      events: NO_EVENTS,
    });
    const signal = new AbortController().signal;
    const blob = { byteLength: bytes.length, contentType: 'video/mp4', signal };
    await store.put(videoKey(id), Readable.from([bytes]), blob);
  }

  /** The URL that the gateway gives for a job's video. */
  async urlOf({ id }: Job): Promise<string> {
    const query = 'query ($id: ID!) { videoJob(id: $id) { video { url } } }';
    const data = await dataOf<{ videoJob: { video: { url: string } } }>(this.gateway.url, query, { id });
    return data.videoJob.video.url;
  }
}

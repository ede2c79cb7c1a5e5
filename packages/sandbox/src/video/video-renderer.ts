import { fetchImage, IMAGE_LIMITS, type ImageSources } from '../images/image-fetch.ts';
import type { ModelInput } from '../jobs/model-input.ts';
import { EncodePool } from './encode-pool.ts';
import type { EncodeResult } from './encode-task.ts';

/** Maximum number of jobs whose image is in memory. */
const MAX_CONCURRENT = 6;

type Log = (event: { message: string; [key: string]: unknown }) => void;

/** Renders videos: fetches the image, then a worker thread animates and encodes it. */
export class VideoRenderer implements AsyncDisposable {
  readonly #pool = new EncodePool();
  readonly #closing = new AbortController();
  readonly #waiting: (() => void)[] = [];
  readonly #log: Log;
  readonly #sources: ImageSources;
  #busySlots = 0;
  #sample: Promise<Uint8Array> | null = null;

  /** @param sources where images are fetched from */
  constructor(log: Log, sources: ImageSources) {
    this.#log = log;
    this.#sources = sources;
  }

  /**
   * Renders a job's MP4. A placeholder replaces an image that cannot be fetched or decoded; the log has the reason.
   *
   * @throws when encoding fails or the renderer is disposed
   */
  async render(jobId: string, input: ModelInput): Promise<Uint8Array> {
    await this.#acquireSlot();
    try {
      this.#closing.signal.throwIfAborted();
      const image = await this.#image(jobId, input.image);
      const result = await this.#pool.run({
        kind: 'video',
        image,
        prompt: input.prompt,
        resolution: input.resolution,
        seconds: input.video_length,
        seed: input.seed,
      });
      this.#logImageError(jobId, result);
      return result.bytes;
    } finally {
      this.#releaseSlot();
    }
  }

  /** The sample image as PNG; drawn once. */
  async sampleImage(): Promise<Uint8Array> {
    this.#sample ??= this.#pool.run({ kind: 'sample-image' }).then(({ bytes }) => bytes);
    try {
      return await this.#sample;
    } catch (error) {
      this.#sample = null;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#pool[Symbol.asyncDispose]();
    for (const start of this.#waiting.splice(0)) start();
  }

  async #image(jobId: string, url: string): Promise<Uint8Array | null> {
    try {
      return await fetchImage(url, this.#closing.signal, IMAGE_LIMITS, this.#sources);
    } catch (error) {
      this.#closing.signal.throwIfAborted();
      this.#log({ message: 'image not fetched, using a placeholder', jobId, reason: String(error) });
      return null;
    }
  }

  #logImageError(jobId: string, { imageError }: EncodeResult): void {
    if (imageError !== null)
      this.#log({ message: 'image not readable, using a placeholder', jobId, reason: imageError });
  }

  async #acquireSlot(): Promise<void> {
    if (this.#busySlots < MAX_CONCURRENT) {
      this.#busySlots += 1;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    await promise;
  }

  /** Passes the slot to the next waiting job, or frees it. */
  #releaseSlot(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#busySlots -= 1;
    else next();
  }
}

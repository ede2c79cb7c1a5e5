import { EncodePool } from './encode-pool.ts';
import type { EncodeResult } from './encode-task.ts';
import { fetchImage, IMAGE_LIMITS, type ImageSources } from '../images/image-fetch.ts';
import type { ModelInput } from '../jobs/model-input.ts';

/** Jobs whose image is fetched or in hand at once: this bounds the memory they take. */
const LANES = 6;

type Log = (event: { message: string; [key: string]: unknown }) => void;

/** Makes videos: fetches the image, then has a worker thread film it. */
export class VideoRenderer implements AsyncDisposable {
  readonly #pool = new EncodePool();
  readonly #closing = new AbortController();
  readonly #turns: (() => void)[] = [];
  readonly #log: Log;
  readonly #sources: ImageSources;
  #busyLanes = 0;
  #sample: Promise<Uint8Array> | null = null;

  /** @param sources where images are fetched from */
  constructor(log: Log, sources: ImageSources) {
    this.#log = log;
    this.#sources = sources;
  }

  /**
   * The job's MP4. An image that cannot be had or read is replaced by a drawn one, which the log tells.
   *
   * @throws when encoding fails or the renderer is disposed
   */
  async video(jobId: string, input: ModelInput): Promise<Uint8Array> {
    await this.#enterLane();
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
      this.#tellImageError(jobId, result);
      return result.bytes;
    } finally {
      this.#leaveLane();
    }
  }

  /** The sample image, as PNG; drawn once. */
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
    for (const turn of this.#turns.splice(0)) turn();
  }

  async #image(jobId: string, url: string): Promise<Uint8Array | null> {
    try {
      return await fetchImage(url, this.#closing.signal, IMAGE_LIMITS, this.#sources);
    } catch (error) {
      this.#closing.signal.throwIfAborted();
      this.#log({ message: 'image not fetched, drawing one', jobId, reason: String(error) });
      return null;
    }
  }

  #tellImageError(jobId: string, { imageError }: EncodeResult): void {
    if (imageError !== null)
      this.#log({ message: 'image not readable, drawing one', jobId, reason: imageError });
  }

  async #enterLane(): Promise<void> {
    if (this.#busyLanes < LANES) {
      this.#busyLanes += 1;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turns.push(resolve);
    await promise;
  }

  /** The next in line takes over the lane, or it is free. */
  #leaveLane(): void {
    const next = this.#turns.shift();
    if (next === undefined) this.#busyLanes -= 1;
    else next();
  }
}

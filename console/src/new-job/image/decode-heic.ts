import { ImageFileError } from './image-file-error.ts';

/** The worker's answer. */
export interface DecodedHeic {
  /** Null: the file has no image that can be decoded. */
  readonly pixels: ImageData | null;
  /** The reason, for developers. */
  readonly problem: string | null;
}

/** A photo of 12 megapixels takes two to seven seconds. */
const DEADLINE_MS = 60_000;

/**
 * Decodes a HEIC image in browsers that cannot. The decoder, 750 kB of JavaScript, is loaded by the first call.
 *
 * @throws ImageFileError when there is no image, or the decoder cannot be loaded; the reason of `signal`
 */
export async function decodeHeic(file: File, signal: AbortSignal): Promise<ImageBitmap> {
  const bytes = await file.arrayBuffer();
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<DecodedHeic>();
  // A worker for each image: its memory, several times the size of the image, is free again afterwards.
  const worker = new Worker(new URL('heic-worker.ts', import.meta.url));
  const fail = (message: string) => () => reject(new ImageFileError(message));
  worker.addEventListener('message', ({ data }: MessageEvent<DecodedHeic>) => resolve(data));
  worker.addEventListener('error', fail('The HEIC decoder can’t be loaded. Try again, or use a JPEG.'));
  const timer = setTimeout(fail('It took too long to decode. Use a JPEG.'), DEADLINE_MS);
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    worker.postMessage(bytes, [bytes]);
    const { pixels } = await promise;
    if (pixels === null) throw new ImageFileError('This HEIC file can’t be decoded. Use a JPEG.');
    return await createImageBitmap(pixels);
  } finally {
    signal.removeEventListener('abort', abort);
    clearTimeout(timer);
    worker.terminate();
  }
}

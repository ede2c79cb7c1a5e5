/** A task for a worker thread, as data that can be posted. */
export type EncodeTask =
  | {
      readonly kind: 'video';
      /** The encoded image file; null: draw a placeholder. */
      readonly image: Uint8Array | null;
      readonly prompt: string;
      /** Pixels, longest side. */
      readonly resolution: number;
      /** Whole seconds. */
      readonly seconds: number;
      readonly seed: number;
    }
  | { readonly kind: 'sample-image' };

/** The result of a task: an MP4 for a video, a PNG for the sample image. */
export interface EncodeResult {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Why a placeholder replaced the image; null when the image was used or there was none. */
  readonly imageError: string | null;
}

/** A message to a thread. The response has the same `id`. */
export interface EncodeRequest {
  readonly id: number;
  readonly task: EncodeTask;
}

/** A message from a thread, one per request: the result or the error. */
export type EncodeResponse =
  | { readonly id: number; readonly result: EncodeResult }
  | { readonly id: number; readonly error: string };

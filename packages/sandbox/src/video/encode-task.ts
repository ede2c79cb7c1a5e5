/** What a worker thread is asked for. Like what it answers, plain data that can be posted. */
export type EncodeTask =
  | {
      readonly kind: 'video';
      /** The picture's file, still encoded; null: a placeholder is drawn. */
      readonly image: Uint8Array | null;
      readonly prompt: string;
      /** Pixels, longest side. */
      readonly resolution: number;
      /** Whole seconds. */
      readonly seconds: number;
      readonly seed: number;
    }
  | { readonly kind: 'sample-image' };

/** What a task came to: an MP4 for a video, a PNG for the sample image. */
export interface EncodeResult {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Why a placeholder was drawn although there was an image; null when it was used, or there was none. */
  readonly imageError: string | null;
}

/** A task as it is posted to a thread; `id` comes back with the answer. */
export interface EncodeRequest {
  readonly id: number;
  readonly task: EncodeTask;
}

/** What a thread posts back, once for each order: the result, or why there is none. */
export type EncodeResponse =
  | { readonly id: number; readonly result: EncodeResult }
  | { readonly id: number; readonly error: string };

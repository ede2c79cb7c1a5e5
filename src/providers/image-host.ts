import type { ImageType } from '../domain/request/image-type.ts';
import type { CallOptions } from './video-upstream.ts';

/** An image to upload. */
export interface Image {
  readonly type: ImageType;
  /** The bytes in pieces. */
  readonly chunks: readonly Uint8Array[];
}

/** The outcome of an upload. */
export type UploadOutcome =
  /** The image is at an http or https URL that the model can read. */
  | { readonly type: 'uploaded'; readonly url: string }
  /** Safe to repeat: at worst the image is stored twice. */
  | {
      readonly type: 'failed';
      /** For the log. */
      readonly reason: string;
      /** How long the host asked to wait, in milliseconds; null when it did not say. */
      readonly retryAfterMs: number | null;
    };

/**
 * The port to the host that stores uploaded images where the model can read them. The host decides how long it keeps them. Free of
 * charge.
 */
export interface ImageHost extends AsyncDisposable {
  /** Uploads one image in one call, without a retry. Never throws. */
  upload(image: Image, options: CallOptions): Promise<UploadOutcome>;
}

import type { ImageType } from '../domain/request/image-type.ts';
import type { CallOptions } from './video-upstream.ts';

/** An image as it is uploaded. */
export interface Image {
  readonly type: ImageType;
  /** Its bytes, in pieces. */
  readonly chunks: readonly Uint8Array[];
}

/** What became of an upload. */
export type UploadOutcome =
  /** The image is there, at an http or https URL that the model can read. */
  | { readonly type: 'uploaded'; readonly url: string }
  /** Nothing is known to be there. Safe to repeat: at worst the image lies there twice. */
  | {
      readonly type: 'failed';
      /** For the log. */
      readonly reason: string;
      /** How long the other side asked to wait, in milliseconds; null when it did not say. */
      readonly retryAfterMs: number | null;
    };

/**
 * The port to where images are put so that the model can read them. How long they stay there is the host's affair.
 * Free of charge.
 */
export interface ImageHost extends AsyncDisposable {
  /** Uploads one image, in one call that is not repeated. Never throws. */
  upload(image: Image, options: CallOptions): Promise<UploadOutcome>;
}

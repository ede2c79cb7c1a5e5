import { noop, orAbort } from '../connection/abort.ts';
import type { UploadedImage } from '../types.ts';

/** An upload in progress, or done. */
interface Upload {
  readonly image: Promise<UploadedImage>;
  readonly abort: AbortController;
  /** Of the requests that wait for it. */
  readonly listeners: Set<(share: number) => void>;
  readonly startedAt: number;
  share: number;
}

/** Uploads a file. */
export type UploadFile = (
  file: Blob,
  onProgress: (share: number) => void,
  signal: AbortSignal,
) => Promise<UploadedImage>;

/** Milliseconds for which the URL of a file is used again. */
const REUSE_MS = 3_600_000;

/**
 * Uploads a file once for all requests with it, so that a repeated request has the same input and the same idempotency key, and
 * variations of a video share the upload. It stops when all of them are aborted.
 */
export class SharedUploads {
  readonly #upload: UploadFile;
  readonly #now: () => number;
  readonly #uploads = new WeakMap<Blob, Upload>();

  /** @param now a monotonic clock in milliseconds */
  constructor(upload: UploadFile, now: () => number) {
    this.#upload = upload;
    this.#now = now;
  }

  /** @returns the URL of the uploaded file */
  async urlOf(file: Blob, onProgress: (share: number) => void, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    let upload = this.#uploads.get(file);
    if (upload === undefined || upload.abort.signal.aborted || this.#now() - upload.startedAt >= REUSE_MS)
      upload = this.#start(file);
    const { image, abort, listeners, share } = upload;
    const listener = (sent: number): void => onProgress(sent);
    listeners.add(listener);
    try {
      listener(share);
      return (await orAbort(image, signal)).url;
    } finally {
      listeners.delete(listener);
      if (listeners.size === 0) abort.abort();
    }
  }

  #start(file: Blob): Upload {
    const abort = new AbortController();
    const listeners: Upload['listeners'] = new Set();
    const report = (share: number): void => {
      upload.share = share;
      for (const listener of listeners) listener(share);
    };
    const upload: Upload = {
      // In the next turn, when `upload` is there.
      image: Promise.resolve().then(() => this.#upload(file, report, abort.signal)),
      abort,
      listeners,
      startedAt: this.#now(),
      share: 0,
    };
    this.#uploads.set(file, upload);
    upload.image.then(
      // It cannot be stopped any more.
      () => listeners.add(noop),
      // Another request uploads it again.
      () => abort.abort(),
    );
    return upload;
  }
}

import { orAbort } from '../connection/abort.ts';

/** An upload in progress, or done. */
interface Upload {
  readonly url: Promise<string>;
  readonly abort: AbortController;
  /** Those who wait for it. */
  readonly listeners: Set<(share: number) => void>;
  readonly startedAt: number;
  share: number;
}

/** Uploads a file. @returns its URL */
export type UploadFile = (
  file: Blob,
  onProgress: (share: number) => void,
  signal: AbortSignal,
) => Promise<string>;

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
    const known = this.#uploads.get(file);
    const isUsable = known !== undefined && this.#now() - known.startedAt < REUSE_MS;
    const upload = isUsable ? known : this.#start(file);
    const { url, abort, listeners } = upload;
    const listener = (share: number): void => onProgress(share);
    listeners.add(listener);
    listener(upload.share);
    try {
      return await orAbort(url, signal);
    } finally {
      listeners.delete(listener);
      if (listeners.size === 0 && upload.share < 1) {
        abort.abort();
        this.#uploads.delete(file);
      }
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
      url: Promise.resolve().then(() => this.#upload(file, report, abort.signal)),
      abort,
      listeners,
      startedAt: this.#now(),
      share: 0,
    };
    this.#uploads.set(file, upload);
    upload.url.catch(() => {
      if (this.#uploads.get(file) === upload) this.#uploads.delete(file);
    });
    return upload;
  }
}

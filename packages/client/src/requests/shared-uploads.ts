import { orAbort } from '../connection/abort.ts';

/** An upload in progress, or done. */
interface Upload {
  readonly url: Promise<string>;
  readonly abort: AbortController;
  readonly listeners: Set<(share: number) => void>;
  share: number;
  /** How many requests wait for it. */
  users: number;
  startedAt: number;
}

/** Uploads a file. */
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
  async urlOf(
    file: Blob,
    onProgress: (share: number) => void,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<string> {
    signal.throwIfAborted();
    const known = this.#uploads.get(file);
    const isUsable = known !== undefined && this.#now() - known.startedAt < REUSE_MS;
    const upload = isUsable ? known : this.#start(file);
    upload.users += 1;
    upload.listeners.add(onProgress);
    onProgress(upload.share);
    try {
      return await orAbort(upload.url, signal);
    } finally {
      upload.listeners.delete(onProgress);
      upload.users -= 1;
      if (upload.users === 0 && upload.share < 1) {
        upload.abort.abort(signal.reason);
        this.#forget(file, upload);
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
      share: 0,
      users: 0,
      startedAt: this.#now(),
    };
    this.#uploads.set(file, upload);
    upload.url.catch(() => this.#forget(file, upload));
    return upload;
  }

  #forget(file: Blob, upload: Upload): void {
    if (this.#uploads.get(file) === upload) this.#uploads.delete(file);
  }
}

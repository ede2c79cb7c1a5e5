import { type BlobStore, BlobStoreError } from '../../../archive/blob-store.ts';
import { emitFault } from '../../../events/emit-fault.ts';
import type { EventEmitter } from '../../../events/gateway-events.ts';
import { openArchived, type SourceAnswer, type VideoQuery } from './video-source.ts';

/** Options of the reader. */
export interface ArchiveReaderOptions {
  readonly archive: BlobStore;
  readonly events: EventEmitter;
  /** Milliseconds until the archive has opened a video: a working one takes a few. @default 3 seconds */
  readonly openMs?: number;
}

const OPEN_MS = 3000;
const SILENT = 'The archive of videos does not answer.';
const NEVER = new AbortController().signal;

/**
 * Reads videos from the archive. When it does not answer in time, requests no longer wait for it: it is only asked whether it answers
 * again, by one call at a time, after a request has come. An error that comes quickly is not remembered: it may be that of one file.
 */
export class ArchiveReader {
  readonly #options: ArchiveReaderOptions;
  #isSilent = false;
  #isProbing = false;

  constructor(options: ArchiveReaderOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  async open(query: VideoQuery): Promise<SourceAnswer> {
    if (!this.#isSilent) return this.#open(query);
    if (!this.#isProbing) void this.#probe(query.jobId);
    return { type: 'unavailable', message: SILENT, cause: SILENT };
  }

  async #open(query: VideoQuery): Promise<SourceAnswer> {
    const { archive, openMs = OPEN_MS } = this.#options;
    const late = new AbortController();
    const { promise: tooLate, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const error = new BlobStoreError(`The archive has not opened a video within ${openMs} ms.`);
      this.#becomeSilent(error);
      late.abort(error);
      // The archive may not notice the signal, such as a folder on a network that is gone.
      reject(error);
    }, openMs);
    try {
      const signal = AbortSignal.any([query.signal, late.signal]);
      return await Promise.race([openArchived(archive, { ...query, signal }), tooLate]);
    } catch (cause) {
      const message = late.signal.aborted ? SILENT : 'The archive of videos cannot be read.';
      return { type: 'unavailable', message, cause };
    } finally {
      clearTimeout(timer);
      if (!late.signal.aborted && !query.signal.aborted) this.#isSilent = false;
    }
  }

  /** No request waits for it, and it ends at its deadline. */
  async #probe(jobId: string): Promise<void> {
    this.#isProbing = true;
    await this.#open({ jobId, range: null, withBody: false, signal: NEVER });
    this.#isProbing = false;
  }

  #becomeSilent(err: Error): void {
    if (this.#isSilent) return;
    this.#isSilent = true;
    emitFault(
      this.#options.events,
      'server',
      'error',
      'the archive does not answer; videos come from elsewhere until it does',
      { err },
    );
  }
}

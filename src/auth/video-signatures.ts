import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { emitFault } from '../events/emit-fault.ts';
import type { EventEmitter } from '../events/gateway-events.ts';
import type { SharedText } from '../store/shared-text.ts';

/** Options of the signatures. */
export interface VideoSignaturesOptions {
  /** Where the secret is stored: beside the jobs. */
  readonly text: SharedText;
  readonly randomBytes: (size: number) => Uint8Array;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly events: EventEmitter;
  /** Milliseconds after which the secret is read again. @default 60_000 */
  readonly refreshMs?: number;
}

const REFRESH_MS = 60_000;
/** Milliseconds between two reads that wrong signatures cause: another instance may have stored a new secret. */
const REREAD_MS = 1000;
const SECRET_BYTES = 32;
/** Separates these signatures from other uses of the secret. */
const LABEL = 'reelgate video url 1 ';
/** Bytes of a signature: 144 bits, which base64url writes without padding bits, so a signature has one form only. */
const SIGNATURE_BYTES = 18;
/** Instances that create the secret at the same time need two; a store that loses it again and again needs more. */
const MAX_ATTEMPTS = 5;

/**
 * Signs the URLs of videos: a URL of a job's video is the permission to fetch it. The secret is created by the first instance that
 * starts and stays the same, so URLs are stable. Every instance reads it again within a minute. When the text is deleted, a new
 * secret takes its place, and all earlier URLs end within two minutes.
 */
export class VideoSignatures implements Disposable {
  readonly #options: VideoSignaturesOptions;
  readonly #timer: NodeJS.Timeout;
  #key: KeyObject;
  #readAt: number;
  #pending: Promise<void> | null = null;

  private constructor(options: VideoSignaturesOptions, key: KeyObject) {
    this.#options = options;
    this.#key = key;
    this.#readAt = options.now();
    this.#timer = setInterval(() => void this.#refresh(), options.refreshMs ?? REFRESH_MS);
    this.#timer.unref();
  }

  /** Reads or creates the secret. @throws StoreUnavailableError */
  static async open(options: VideoSignaturesOptions): Promise<VideoSignatures> {
    return new VideoSignatures(options, await readOrCreate(options));
  }

  /** Returns the signature of a job's URL: 24 characters of base64url. */
  sign(jobId: string): string {
    const digest = createHmac('sha256', this.#key)
      .update(LABEL + jobId)
      .digest();
    return digest.toString('base64url', 0, SIGNATURE_BYTES);
  }

  /** Whether a signature is that of a job's URL. */
  async verify(jobId: string, signature: string): Promise<boolean> {
    if (this.#matches(jobId, signature)) return true;
    if (this.#options.now() - this.#readAt < REREAD_MS) return false;
    await this.#refresh();
    return this.#matches(jobId, signature);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #matches(jobId: string, signature: string): boolean {
    const expected = Buffer.from(this.sign(jobId));
    const given = Buffer.from(signature);
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  /** Joins the read in progress. Never rejects: without the store the last secret is used. */
  async #refresh(): Promise<void> {
    this.#pending ??= this.#read().finally(() => {
      this.#pending = null;
    });
    await this.#pending;
  }

  async #read(): Promise<void> {
    this.#readAt = this.#options.now();
    try {
      this.#key = await readOrCreate(this.#options);
    } catch (error) {
      emitFault(
        this.#options.events,
        'auth',
        'warn',
        'the secret of video URLs cannot be read; the last one is used until the store is back',
        { err: error },
      );
    }
  }
}

/** @throws StoreUnavailableError */
async function readOrCreate({ text, randomBytes }: VideoSignaturesOptions): Promise<KeyObject> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const stored = await text.read();
    const secret = stored === null ? null : decode(stored);
    if (secret !== null) return createSecretKey(secret);
    await text.replace(stored, Buffer.from(randomBytes(SECRET_BYTES)).toString('base64'));
  }
  throw new Error('The secret of video URLs could not be stored: it is missing after it was written.');
}

/** @returns null for a malformed text, which is replaced */
function decode(text: string): Buffer | null {
  const secret = Buffer.from(text, 'base64');
  return secret.length === SECRET_BYTES ? secret : null;
}

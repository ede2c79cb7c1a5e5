import { sealKey } from './announcement.ts';

/** What the secret works with. */
export interface AnnouncementSecretOptions {
  /** Reads it, or makes it: all instances get the same. */
  readonly read: () => Promise<Uint8Array>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Milliseconds between two readings. */
const PAUSE_MS = 10_000;

/** The secret that announcements are sealed with. */
export class AnnouncementSecret {
  readonly #options: AnnouncementSecretOptions;
  #key = sealKey(new Uint8Array());
  #readAt = -Infinity;

  constructor(options: AnnouncementSecretOptions) {
    this.#options = options;
  }

  get key(): string {
    return this.#key;
  }

  /** Rejects when it can't be read. */
  async load(): Promise<void> {
    const { read, now } = this.#options;
    this.#readAt = now();
    this.#key = sealKey(await read());
  }

  /** Reads it again, now and then: a Redis that was emptied has got another one. */
  doubt(): void {
    // The one that is known is kept as long as none can be read.
    if (this.#options.now() - this.#readAt > PAUSE_MS) this.load().catch(() => {});
  }
}

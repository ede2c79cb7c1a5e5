import { z } from 'zod';
import { MAX_JOB_TOKEN_SECONDS } from '../domain/caller.ts';
import type { SharedText } from '../store/shared-text.ts';

/** A secret that job tokens are signed with. */
export interface JobTokenSecret {
  readonly id: string;
  readonly secret: Uint8Array;
}

/** Options of the secrets. */
export interface JobTokenSecretsOptions {
  /** Where they are stored: beside the jobs. */
  readonly text: SharedText;
  /** Epoch milliseconds, by the clock that the instances share. */
  readonly now: () => number;
  readonly randomBytes: (size: number) => Uint8Array;
}

/** Milliseconds for which a secret signs new tokens. */
const ROTATION_MS = 7 * 86_400_000;
/**
 * Milliseconds for which a secret verifies tokens after its successor began to sign: the longest lifetime of a token, and the time
 * in which another instance may still sign with the old one.
 */
const SUPERSEDED_MS = (MAX_JOB_TOKEN_SECONDS + 5 * 60) * 1000;
/** Milliseconds after which the text is read again, also for an unknown secret, which another instance may have added. */
const REREAD_MS = 60_000;
const REREAD_UNKNOWN_MS = 1000;
const SECRET_BYTES = 32;
const ID_BYTES = 6;
/** Attempts to change the text: another instance that changes it at the same time has rotated the secret, too. */
const MAX_ATTEMPTS = 3;

const textSchema = z.array(z.object({ id: z.string(), secret: z.base64(), from: z.number() }));
/** Oldest first. */
type Entries = z.output<typeof textSchema>;

/**
 * The secrets of job tokens: the newest signs, earlier ones verify the tokens that they signed until those have expired. An
 * instance that signs replaces the newest when it is a week old; the others read the new one with the first token that has its
 * id, or within a minute. When the text is deleted, all tokens end within two minutes: valid ones are cached for one.
 */
export class JobTokenSecrets {
  readonly #options: JobTokenSecretsOptions;
  #text: string | null = null;
  #entries: Entries = [];
  #readAt = -Infinity;
  #pending: Promise<void> | null = null;

  constructor(options: JobTokenSecretsOptions) {
    this.#options = options;
  }

  /** The secret to sign with. @throws the store's error when it cannot be reached */
  async current(): Promise<JobTokenSecret> {
    if (this.#isOlderThan(REREAD_MS)) await this.#read();
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const newest = this.#entries.at(-1);
      if (newest !== undefined && this.#options.now() < newest.from + ROTATION_MS) return decode(newest);
      await this.#rotate();
    }
    throw new Error(
      'The secrets of job tokens could not be stored: other instances change them at the same time.',
    );
  }

  /** The secret with this id. @returns null when there is none or it has expired @throws as current */
  async find(id: string): Promise<Uint8Array | null> {
    const isKnown = this.#entries.some((entry) => entry.id === id);
    if (this.#isOlderThan(isKnown ? REREAD_MS : REREAD_UNKNOWN_MS)) await this.#read();
    const entry = this.#usable().find((each) => each.id === id);
    return entry === undefined ? null : decode(entry).secret;
  }

  #usable(): Entries {
    const now = this.#options.now();
    return this.#entries.filter((_, index) => {
      const successor = this.#entries[index + 1];
      return successor === undefined || now < successor.from + SUPERSEDED_MS;
    });
  }

  #isOlderThan(ms: number): boolean {
    const ageMs = this.#options.now() - this.#readAt;
    return ageMs < 0 || ageMs >= ms;
  }

  /** Joins the read in progress. */
  async #read(): Promise<void> {
    this.#pending ??= this.#readNow().finally(() => {
      this.#pending = null;
    });
    await this.#pending;
  }

  async #readNow(): Promise<void> {
    const readAt = this.#options.now();
    this.#text = await this.#options.text.read();
    this.#entries = parse(this.#text);
    this.#readAt = readAt;
  }

  async #rotate(): Promise<void> {
    const { text, now, randomBytes } = this.#options;
    const id = Buffer.from(randomBytes(ID_BYTES)).toString('base64url');
    const secret = Buffer.from(randomBytes(SECRET_BYTES)).toString('base64');
    const entries = [...this.#usable(), { id, secret, from: now() }];
    await text.replace(this.#text, JSON.stringify(entries));
    await this.#readNow();
  }
}

/** A malformed text is replaced: tokens last a day at most. */
function parse(text: string | null): Entries {
  if (text === null) return [];
  try {
    return textSchema.parse(JSON.parse(text));
  } catch {
    return [];
  }
}

function decode({ id, secret }: Entries[number]): JobTokenSecret {
  return { id, secret: Buffer.from(secret, 'base64') };
}

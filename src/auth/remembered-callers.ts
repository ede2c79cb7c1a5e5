import { hash } from 'node:crypto';
import type { Caller } from '../domain/caller.ts';

/** Milliseconds for which a valid token is not verified again. A withdrawn key is accepted for so much longer. */
const REMEMBERED_MS = 60_000;
/** Cached tokens; above it the cache is cleared. */
const MAX_REMEMBERED = 10_000;

interface Remembered {
  readonly caller: Caller;
  /** Epoch milliseconds. */
  readonly from: number;
  readonly until: number;
}

/**
 * Cache of verified tokens. Verifying a signature takes several times as long as answering a query, and a frontend sends the same
 * token with each. Tokens are stored by their hashes only, and never after they expire.
 */
export class RememberedCallers {
  readonly #callers = new Map<string, Remembered>();

  /**
   * @param now epoch milliseconds
   * @param verify checks a token; its exceptions are not cached
   */
  async of(token: string, now: number, verify: () => Promise<Caller>): Promise<Caller> {
    const key = hash('sha256', token, 'base64url');
    const known = this.#callers.get(key);
    // An entry must not last longer when the clock is set back.
    if (known !== undefined && now >= known.from && now < known.until) return known.caller;
    const caller = await verify();
    if (this.#callers.size >= MAX_REMEMBERED) this.#callers.clear();
    const until = Math.min(now + REMEMBERED_MS, caller.expiresAt ?? Infinity);
    this.#callers.set(key, { caller, from: now, until });
    return caller;
  }
}

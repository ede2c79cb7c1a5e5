import { hash } from 'node:crypto';
import type { Caller } from '../domain/caller.ts';

/** Milliseconds for which a token that was found good is not checked again: so much longer a key lasts that is withdrawn. */
const REMEMBERED_MS = 60_000;
/** Tokens that are remembered at a time; when there are more, all are forgotten. */
const MAX_REMEMBERED = 10_000;

interface Remembered {
  readonly caller: Caller;
  /** Epoch milliseconds. */
  readonly from: number;
  readonly until: number;
}

/**
 * Callers whose tokens were checked a moment ago. To check a signature takes several times as long as to answer a query,
 * and a frontend sends the same token with each. Tokens are known by their hashes only, and never past their end.
 */
export class RememberedCallers {
  readonly #callers = new Map<string, Remembered>();

  /**
   * @param now epoch milliseconds
   * @param verify checks a token; what it throws is not remembered
   */
  async of(token: string, now: number, verify: () => Promise<Caller>): Promise<Caller> {
    const key = hash('sha256', token, 'base64url');
    const known = this.#callers.get(key);
    // A clock that was set back makes nothing last longer.
    if (known !== undefined && now >= known.from && now < known.until) return known.caller;
    const caller = await verify();
    if (this.#callers.size >= MAX_REMEMBERED) this.#callers.clear();
    const until = Math.min(now + REMEMBERED_MS, caller.expiresAt ?? Infinity);
    this.#callers.set(key, { caller, from: now, until });
    return caller;
  }
}

import { LRUCache } from 'lru-cache';

/** Whether a delivery may be sent now. `busy`: shortly. `failing`: the origin does not answer, and the attempts in progress show when it does. */
export type Entry = 'entered' | 'busy' | 'failing' | 'held';

interface Origin {
  running: number;
  /** Attempts that may run at once. */
  allowed: number;
  /** The origin has asked for a pause until then, in epoch milliseconds. */
  heldUntil: number;
}

/** Attempts in progress to a new origin. */
const FIRST_ALLOWED = 4;
/** Attempts in progress to one origin, and of one owner: half of all. */
const MAX_ALLOWED = 32;
/** Past it the least recently used origin is forgotten. */
const MAX_ORIGINS = 10_000;

/**
 * Limits the attempts to one origin and of one owner, so that deliveries to others do not wait for them. An origin that answers may have
 * more with each answer; one that does not, half as many after each failure, and at last one.
 */
export class TargetSlots {
  readonly #origins = new LRUCache<string, Origin>({ max: MAX_ORIGINS });
  /** Attempts in progress by owner. */
  readonly #owners = new Map<string, number>();

  /** Takes a slot. Unless the result is `entered`, none is taken. @param now epoch milliseconds */
  enter(name: string, owner: string, now: number): Entry {
    const origin = this.#origins.get(name) ?? { running: 0, allowed: FIRST_ALLOWED, heldUntil: 0 };
    const ofOwner = this.#owners.get(owner) ?? 0;
    if (now < origin.heldUntil) return 'held';
    if (origin.running >= origin.allowed) return origin.allowed === 1 ? 'failing' : 'busy';
    if (ofOwner >= MAX_ALLOWED) return 'busy';
    origin.running += 1;
    this.#origins.set(name, origin);
    this.#owners.set(owner, ofOwner + 1);
    return 'entered';
  }

  /** When the origin may be asked again, in epoch milliseconds; for one that is `held`. */
  heldUntil(name: string): number {
    return this.#origins.get(name)?.heldUntil ?? 0;
  }

  /**
   * Returns a slot, once for each that was taken.
   *
   * @param isAnswering whether the origin answered; null: unknown
   * @param heldUntil the time before which the origin wants no other request; 0: none
   */
  leave(name: string, owner: string, isAnswering: boolean | null, heldUntil: number): void {
    const ofOwner = (this.#owners.get(owner) ?? 1) - 1;
    if (ofOwner === 0) this.#owners.delete(owner);
    else this.#owners.set(owner, ofOwner);
    const origin = this.#origins.get(name);
    if (origin === undefined) return;
    origin.running = Math.max(0, origin.running - 1);
    origin.heldUntil = Math.max(origin.heldUntil, heldUntil);
    if (isAnswering === true) origin.allowed = Math.min(MAX_ALLOWED, origin.allowed + 1);
    if (isAnswering === false) origin.allowed = Math.max(1, Math.floor(origin.allowed / 2));
  }
}

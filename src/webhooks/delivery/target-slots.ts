import { LRUCache } from 'lru-cache';

/**
 * Whether a delivery may be sent now. `busy`: shortly. `failing`: the origin does not answer, and the attempts in progress show when it
 * does. `held`: the origin has asked the owner for a pause.
 */
export type Entry = 'entered' | 'busy' | 'failing' | 'held';

interface Slots {
  running: number;
  /** Attempts that may run at once. */
  allowed: number;
}

interface OwnerSlots extends Slots {
  /** The origin has asked for a pause until then, in epoch milliseconds. */
  heldUntil: number;
}

/** Attempts in progress of an owner to a new origin. */
const FIRST_ALLOWED = 4;
/** Attempts in progress to one origin, and of one owner: half of all. */
const MAX_ALLOWED = 32;
/** Attempts in progress of all owners to an origin that answers none of them. */
const MIN_SHARED = 4;
/** Past it the least recently used origin is forgotten. */
const MAX_ORIGINS = 10_000;

/**
 * Limits the attempts to one origin and of one owner, so that deliveries to others do not wait for them. An origin that answers may have
 * more with each answer; one that does not, half as many after each failure, and at last one of each owner. Owners have slots of their own
 * at an origin, because many receivers can share one: the answers to one owner must not delay another.
 */
export class TargetSlots {
  /** By origin. */
  readonly #shared = new LRUCache<string, Slots>({ max: MAX_ORIGINS });
  /** By origin and owner. */
  readonly #own = new LRUCache<string, OwnerSlots>({ max: MAX_ORIGINS });
  /** Attempts in progress by owner. */
  readonly #owners = new Map<string, number>();

  /** Takes a slot. Unless the result is `entered`, none is taken. @param now epoch milliseconds */
  enter(origin: string, owner: string, now: number): Entry {
    const shared = this.#shared.get(origin) ?? { running: 0, allowed: MAX_ALLOWED };
    const own = this.#own.get(keyOf(origin, owner)) ?? { running: 0, allowed: FIRST_ALLOWED, heldUntil: 0 };
    const ofOwner = this.#owners.get(owner) ?? 0;
    if (now < own.heldUntil) return 'held';
    if (own.running >= own.allowed) return own.allowed === 1 ? 'failing' : 'busy';
    if (shared.running >= shared.allowed) return shared.allowed === MIN_SHARED ? 'failing' : 'busy';
    if (ofOwner >= MAX_ALLOWED) return 'busy';
    shared.running += 1;
    own.running += 1;
    this.#shared.set(origin, shared);
    this.#own.set(keyOf(origin, owner), own);
    this.#owners.set(owner, ofOwner + 1);
    return 'entered';
  }

  /** When the owner may ask the origin again, in epoch milliseconds; for one that is `held`. */
  heldUntil(origin: string, owner: string): number {
    return this.#own.get(keyOf(origin, owner))?.heldUntil ?? 0;
  }

  /**
   * Returns a slot, once for each that was taken.
   *
   * @param isAnswering whether the origin answered; null: unknown
   * @param heldUntil the time before which the origin wants no other request of the owner; 0: none
   */
  leave(origin: string, owner: string, isAnswering: boolean | null, heldUntil: number): void {
    const ofOwner = (this.#owners.get(owner) ?? 1) - 1;
    if (ofOwner === 0) this.#owners.delete(owner);
    else this.#owners.set(owner, ofOwner);
    const own = this.#own.get(keyOf(origin, owner));
    leaveSlots(this.#shared.get(origin), isAnswering, MIN_SHARED);
    leaveSlots(own, isAnswering, 1);
    if (own !== undefined) own.heldUntil = Math.max(own.heldUntil, heldUntil);
  }
}

/** An origin has no space. */
function keyOf(origin: string, owner: string): string {
  return `${origin} ${owner}`;
}

/** @param slots undefined: forgotten meanwhile */
function leaveSlots(slots: Slots | undefined, isAnswering: boolean | null, min: number): void {
  if (slots === undefined) return;
  slots.running = Math.max(0, slots.running - 1);
  if (isAnswering === true) slots.allowed = Math.min(MAX_ALLOWED, slots.allowed + 1);
  if (isAnswering === false) slots.allowed = Math.max(min, Math.floor(slots.allowed / 2));
}

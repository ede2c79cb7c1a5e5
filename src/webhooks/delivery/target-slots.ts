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
  /** When it has asked for it the last time, in epoch milliseconds. */
  heldSince: number;
  /** Milliseconds of an attempt: a moving average. */
  attemptMs: number;
  /** When the next delivery that finds no slot is looked at again, in epoch milliseconds. */
  nextTurnAt: number;
}

/** The result of an attempt, as far as slots depend on it. */
export interface Attempt {
  /** Whether the origin answered; null: unknown. */
  readonly isAnswering: boolean | null;
  /** The time before which the origin wants no other request of the owner, in epoch milliseconds; 0: none. */
  readonly heldUntil: number;
  /** In epoch milliseconds. */
  readonly endedAt: number;
  readonly durationMs: number;
}

/** Attempts in progress at once. */
export const MAX_ATTEMPTS = 64;
/** Attempts in progress of an owner to a new origin. */
const FIRST_ALLOWED = 4;
/** Attempts in progress to one origin: half of all. */
const MAX_ALLOWED = 32;
/** Attempts in progress of all owners to an origin that answers none of them. */
const MIN_SHARED = 4;
/** Milliseconds after which a delivery that found no slot is looked at again, at least. */
const MIN_TURN_MS = 250;
/** And at most, so that a target that has become faster gets its deliveries soon. */
const MAX_TURN_MS = 60_000;
/** Milliseconds of an attempt at a new origin: few, because a wrong guess costs a look, and too many would delay a burst of deliveries. */
const FIRST_ATTEMPT_MS = 20;
/** The share of an attempt in the average of its milliseconds. */
const NEW_SHARE = 1 / 8;
/** Past it the least recently used origin is forgotten. */
const MAX_ORIGINS = 10_000;

/**
 * Limits the attempts to one origin and of one owner, so that deliveries to others do not wait for them. An origin that answers may have
 * more with each answer; one that does not, half as many after each failure, and at last one of each owner. Owners have slots of their own
 * at an origin, because many receivers can share one: the answers to one owner must not delay another. No owner has more attempts in progress
 * than there are free slots: one gets half of all, two a third each, so that there are always some for the next owner.
 */
export class TargetSlots {
  /** By origin. */
  readonly #shared = new LRUCache<string, Slots>({ max: MAX_ORIGINS });
  /** By origin and owner. */
  readonly #own = new LRUCache<string, OwnerSlots>({ max: MAX_ORIGINS });
  /** Attempts in progress by owner. */
  readonly #owners = new Map<string, number>();
  #running = 0;

  /** Takes a slot. Unless the result is `entered`, none is taken. @param now epoch milliseconds */
  enter(origin: string, owner: string, now: number): Entry {
    const shared = this.#shared.get(origin) ?? { running: 0, allowed: MAX_ALLOWED };
    const own = this.#own.get(keyOf(origin, owner)) ?? newOwnerSlots();
    const ofOwner = this.#owners.get(owner) ?? 0;
    if (now < own.heldUntil) return 'held';
    if (own.running >= own.allowed) return own.allowed === 1 ? 'failing' : 'busy';
    if (shared.running >= shared.allowed) return shared.allowed === MIN_SHARED ? 'failing' : 'busy';
    if (ofOwner >= MAX_ATTEMPTS - this.#running) return 'busy';
    shared.running += 1;
    own.running += 1;
    this.#shared.set(origin, shared);
    this.#own.set(keyOf(origin, owner), own);
    this.#owners.set(owner, ofOwner + 1);
    this.#running += 1;
    return 'entered';
  }

  /** When the owner may ask the origin again, in epoch milliseconds; for one that is `held`. */
  heldUntil(origin: string, owner: string): number {
    return this.#own.get(keyOf(origin, owner))?.heldUntil ?? 0;
  }

  /**
   * Ends a pause that the origin has asked the owner for before a call to send a message again, which means that it is over.
   *
   * @param calledAt of several messages that are sent again, the answer to one may ask for a new pause, which holds for the others
   */
  endPause(origin: string, owner: string, calledAt: number): void {
    const own = this.#own.get(keyOf(origin, owner));
    if (own === undefined || own.heldUntil === 0 || own.heldSince >= calledAt) return;
    own.heldUntil = 0;
    own.nextTurnAt = 0;
  }

  /**
   * When a delivery that found no slot is looked at again, in epoch milliseconds. Each one gets a time of its own, by the duration of the
   * attempts: without it all of a large backlog would be looked at several times a second.
   *
   * @param random from 0 to 1
   */
  turnAt(origin: string, owner: string, now: number, random: number): number {
    const key = keyOf(origin, owner);
    const own = this.#own.get(key) ?? newOwnerSlots();
    const at = Math.max(now + MIN_TURN_MS, own.nextTurnAt);
    if (at > now + MAX_TURN_MS) return Math.round(now + (MAX_TURN_MS * (1 + random)) / 2);
    own.nextTurnAt = at + own.attemptMs / own.allowed;
    this.#own.set(key, own);
    return Math.round(at);
  }

  /** Returns a slot, once for each that was taken. */
  leave(origin: string, owner: string, { isAnswering, heldUntil, endedAt, durationMs }: Attempt): void {
    const ofOwner = (this.#owners.get(owner) ?? 1) - 1;
    if (ofOwner === 0) this.#owners.delete(owner);
    else this.#owners.set(owner, ofOwner);
    this.#running -= 1;
    const own = this.#own.get(keyOf(origin, owner));
    leaveSlots(this.#shared.get(origin), isAnswering, MIN_SHARED);
    leaveSlots(own, isAnswering, 1);
    if (own === undefined) return;
    own.heldUntil = Math.max(own.heldUntil, heldUntil);
    if (heldUntil > 0) own.heldSince = endedAt;
    if (isAnswering !== null) own.attemptMs += (durationMs - own.attemptMs) * NEW_SHARE;
  }
}

function newOwnerSlots(): OwnerSlots {
  return {
    running: 0,
    allowed: FIRST_ALLOWED,
    heldUntil: 0,
    heldSince: 0,
    attemptMs: FIRST_ATTEMPT_MS,
    nextTurnAt: 0,
  };
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

/** Uploads that one process takes at once: each holds about 50 MiB of memory until the upstream has it. */
const MAX_UPLOADS = 8;
/** And of one owner, so that one who sends slowly leaves room for others. */
const MAX_UPLOADS_PER_OWNER = 4;

/** Counts the uploads under way in this process. */
export class UploadSlots {
  readonly #byOwner = new Map<string, number>();
  #taken = 0;

  /** @returns what gives the slot back, to be called once; null when there is none left */
  take(ownerId: string): (() => void) | null {
    const own = this.#byOwner.get(ownerId) ?? 0;
    if (this.#taken >= MAX_UPLOADS || own >= MAX_UPLOADS_PER_OWNER) return null;
    this.#taken += 1;
    this.#byOwner.set(ownerId, own + 1);
    return () => this.#giveBack(ownerId);
  }

  #giveBack(ownerId: string): void {
    this.#taken -= 1;
    const left = (this.#byOwner.get(ownerId) ?? 1) - 1;
    if (left === 0) this.#byOwner.delete(ownerId);
    else this.#byOwner.set(ownerId, left);
  }
}

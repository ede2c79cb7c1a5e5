import { setTimeout as delay } from 'node:timers/promises';

const FIRST_MS = 250;
const LONGEST_MS = 10_000;

/** Pauses between tries: twice as long after each failure in a row, and never two clients at the same moment. */
export class Backoff {
  #nextMs = FIRST_MS;

  /** A try brought something: the next pause is a short one again. */
  reset(): void {
    this.#nextMs = FIRST_MS;
  }

  /** @param why what ended the try; said on the terminal, where an app would show that it connects again */
  async pause(why: string): Promise<void> {
    console.error(`${why} Trying again.`);
    const ms = this.#nextMs * (0.5 + Math.random() / 2);
    this.#nextMs = Math.min(this.#nextMs * 2, LONGEST_MS);
    await delay(ms);
  }
}

import { setTimeout as delay } from 'node:timers/promises';

const FIRST_MS = 250;
const LONGEST_MS = 10_000;

/** Pauses between attempts: doubled after each failure in a row, with a random part so that clients do not retry together. */
export class Backoff {
  #nextMs = FIRST_MS;

  /** Call after a success: the next pause is short again. */
  reset(): void {
    this.#nextMs = FIRST_MS;
  }

  /** @param why the reason, printed on the terminal. An app would show that it reconnects. */
  async pause(why: string): Promise<void> {
    console.error(`${why} Trying again.`);
    const ms = this.#nextMs * (0.5 + Math.random() / 2);
    this.#nextMs = Math.min(this.#nextMs * 2, LONGEST_MS);
    await delay(ms);
  }
}

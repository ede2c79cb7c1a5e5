import type { Duplex } from 'node:stream';

/**
 * Holds back what is written to streams until all that has come in is seen to, so that each stream is written to once,
 * and all of them in a row: a reader that sleeps is woken for many.
 */
export class Corks {
  #corked: Duplex[] = [];

  /** Holds a stream back from now on; nothing to do when it is already. */
  hold(stream: Duplex): void {
    if (stream.writableCorked > 0) return;
    stream.cork();
    if (this.#corked.length === 0) setImmediate(() => this.#letGo());
    this.#corked.push(stream);
  }

  #letGo(): void {
    const corked = this.#corked;
    this.#corked = [];
    for (const stream of corked) stream.uncork();
  }
}

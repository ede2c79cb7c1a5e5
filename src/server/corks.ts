import type { Duplex } from 'node:stream';

/** Holds back what is written to streams until the end of the turn, so that each stream is written to once. */
export class Corks {
  #corked = new Set<Duplex>();

  /** Holds a stream back from now on; nothing to do when it is already. */
  hold(stream: Duplex): void {
    if (this.#corked.has(stream)) return;
    stream.cork();
    if (this.#corked.size === 0) process.nextTick(() => this.#letGo());
    this.#corked.add(stream);
  }

  #letGo(): void {
    const corked = this.#corked;
    this.#corked = new Set();
    for (const stream of corked) stream.uncork();
  }
}

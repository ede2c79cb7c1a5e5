import type { GraphQLError } from 'graphql';
import type { Caller } from '../domain/caller.ts';
import { refusal } from '../graphql/errors.ts';

/** Counts the open WebSockets and event streams of each owner in this process. */
export class OwnerStreams {
  readonly #max: number;
  readonly #open = new Map<string, number>();

  /** @param max how many one owner may have; 0 = no limit */
  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Counts one more.
   *
   * @param key see streamKey
   * @returns removes it; null when the owner is at the limit
   */
  open(key: string): (() => void) | null {
    const open = this.#open.get(key) ?? 0;
    if (this.#max > 0 && open >= this.#max) return null;
    this.#open.set(key, open + 1);
    let counted = true;
    return () => {
      if (!counted) return;
      counted = false;
      const left = (this.#open.get(key) ?? 1) - 1;
      if (left === 0) this.#open.delete(key);
      else this.#open.set(key, left);
    };
  }
}

/** The key of a caller's streams. Streams of a job token are counted apart from its owner's. */
export function streamKey({ ownerId, jobId }: Caller): string {
  return jobId === null ? ownerId : `${ownerId} ${jobId}`;
}

/** An owner is at the limit. */
export function tooManyStreams(): GraphQLError {
  return refusal(429, 'TOO_MANY_STREAMS', 'This owner has too many open streams. Close some of them.');
}

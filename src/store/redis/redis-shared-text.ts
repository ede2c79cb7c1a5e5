import type { SharedText } from '../shared-text.ts';
import { isWrongType } from './quarantine.ts';
import { attempt, type RedisClient, runScript } from './scripts/run-script.ts';

/** A text in one key. A key of another type counts as no text and is replaced. */
export class RedisSharedText implements SharedText {
  readonly #client: RedisClient;
  readonly #key: string;

  /** @param client owned by the caller */
  constructor(client: RedisClient, key: string) {
    this.#client = client;
    this.#key = key;
  }

  read(): Promise<string | null> {
    return attempt(async () => {
      try {
        return await this.#client.get(this.#key);
      } catch (error) {
        if (isWrongType(error)) return null;
        throw error;
      }
    });
  }

  replace(expected: string | null, next: string): Promise<boolean> {
    const values = expected === null ? [next] : [next, expected];
    return attempt(
      async () => (await runScript(this.#client, 'reelgateReplaceText', [this.#key], values)) === 1,
    );
  }
}

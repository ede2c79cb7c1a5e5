import { Store } from '../../ui/store.ts';

const KEY = 'reelgate-prompts';
export const MAX_PROMPTS = 50;

/** The prompts of earlier requests, newest first and without repetitions, stored in this browser. */
export class PromptHistory {
  readonly prompts: Store<readonly string[]>;
  readonly #storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | null;

  /** @param storage null, or one that throws: the prompts are forgotten at a reload */
  constructor(storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | null) {
    this.#storage = storage;
    this.prompts = new Store(read(storage));
  }

  add(prompt: string): void {
    const others = this.prompts.get().filter((other) => other !== prompt);
    this.#set([prompt, ...others].slice(0, MAX_PROMPTS));
  }

  clear(): void {
    this.#set([]);
  }

  #set(prompts: readonly string[]): void {
    this.prompts.set(prompts);
    try {
      if (prompts.length === 0) this.#storage?.removeItem(KEY);
      else this.#storage?.setItem(KEY, JSON.stringify(prompts));
    } catch {
      // The storage is full, or the browser forbids it.
    }
  }
}

function read(storage: Pick<Storage, 'getItem'> | null): readonly string[] {
  try {
    const stored: unknown = JSON.parse(storage?.getItem(KEY) ?? '[]');
    if (!Array.isArray(stored)) return [];
    return stored.filter((prompt) => typeof prompt === 'string').slice(0, MAX_PROMPTS);
  } catch {
    return [];
  }
}

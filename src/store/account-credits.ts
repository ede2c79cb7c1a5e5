import { SharedState, type SharedText } from './shared-text.ts';

/** The credits of the upstream account at a time. */
export interface KnownCredits {
  /** In US dollars. */
  readonly usd: number;
  /** When the upstream reported them, in epoch milliseconds. */
  readonly at: number;
}

/** What the instances know of the upstream account. The methods reject with `StoreUnavailableError` when the store cannot be reached. */
export interface AccountCredits {
  /**
   * Reads the credits, and decides which instance asks the upstream for them.
   *
   * @param pauseMs milliseconds between two questions of all instances together
   * @returns `isDue`: the caller should ask now; the other instances wait for the pause
   */
  claim(pauseMs: number): Promise<{ readonly isDue: boolean; readonly known: KnownCredits | null }>;
  /** Stores credits that the upstream has just reported. */
  save(usd: number): Promise<void>;
}

interface State {
  readonly askedAt: number;
  readonly known: KnownCredits | null;
}

/** The credits in a shared text, as JSON. An unreadable text counts as none. */
export class SharedAccountCredits implements AccountCredits {
  readonly #state: SharedState<State>;
  readonly #now: () => number;

  /** @param now epoch milliseconds, the same for all instances */
  constructor(text: SharedText, now: () => number) {
    this.#now = now;
    this.#state = new SharedState(text, { parse: parseState, stringify: (state) => JSON.stringify(state) });
  }

  claim(pauseMs: number): Promise<{ readonly isDue: boolean; readonly known: KnownCredits | null }> {
    return this.#state.change((state) => {
      const now = this.#now();
      // Also due when the clock was set back.
      const isDue = now >= state.askedAt + pauseMs || now < state.askedAt;
      return { next: isDue ? { ...state, askedAt: now } : state, result: { isDue, known: state.known } };
    });
  }

  async save(usd: number): Promise<void> {
    await this.#state.change(() => {
      const now = this.#now();
      return { next: { askedAt: now, known: { usd, at: now } }, result: null };
    });
  }
}

function parseState(text: string | null): State {
  const nothing = { askedAt: 0, known: null };
  if (text === null) return nothing;
  try {
    const { askedAt, known }: State = JSON.parse(text);
    const numbers = [askedAt, known?.usd ?? 0, known?.at ?? 0];
    return numbers.every(Number.isFinite) ? { askedAt, known: known ?? null } : nothing;
  } catch {
    return nothing;
  }
}

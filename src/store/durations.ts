import {
  addDuration,
  type DurationSample,
  type DurationStats,
  type GroupMoments,
} from '../domain/polling/duration-model.ts';
import { SharedState, type SharedText } from './shared-text.ts';

/** The learned durations, shared by all instances. Both methods reject with `StoreUnavailableError` when the store cannot be reached. */
export interface DurationStore {
  /** Returns the groups of all upstreams, at most about a thousand for each. */
  read(): Promise<DurationStats>;
  /** Adds durations to their groups in one write. */
  add(samples: readonly DurationSample[]): Promise<void>;
}

/** The sums as one text: a JSON object with `[weight, sum, squares]` for each group. Unreadable groups are dropped. */
export class SharedDurations implements DurationStore {
  readonly #state: SharedState<DurationStats>;

  constructor(text: SharedText) {
    this.#state = new SharedState(text, { parse: parseDurations, stringify: stringifyDurations });
  }

  read(): Promise<DurationStats> {
    return this.#state.read();
  }

  async add(samples: readonly DurationSample[]): Promise<void> {
    if (samples.length === 0) return;
    await this.#state.change((stats) => {
      const next = new Map(stats);
      for (const { group, moments } of samples) next.set(group, addDuration(next.get(group), moments));
      return { next, result: null };
    });
  }
}

/** The text that `SharedDurations` stores. */
export function stringifyDurations(stats: DurationStats): string {
  const groups = [...stats].map(([name, { weight, sum, squares }]) => [name, [weight, sum, squares]]);
  return JSON.stringify(Object.fromEntries(groups));
}

function parseDurations(text: string | null): DurationStats {
  const stats = new Map<string, GroupMoments>();
  for (const [name, numbers] of Object.entries(parseObject(text))) {
    const moments = readMoments(numbers);
    if (moments !== null) stats.set(name, moments);
  }
  return stats;
}

/** The greatest mean of ln(milliseconds), by its amount: e^30 ms are 300 years. Beyond it the forecasts are not numbers. */
const MAX_MEAN = 30;

/** @returns null when the value is not the three numbers of a group */
export function readMoments(numbers: unknown): GroupMoments | null {
  if (!Array.isArray(numbers) || numbers.length !== 3 || !numbers.every(Number.isFinite)) return null;
  const [weight = 0, sum = 0, squares = 0] = numbers.map(Number);
  return weight >= 1 && Math.abs(sum) <= MAX_MEAN * weight ? { weight, sum, squares } : null;
}

function parseObject(text: string | null): object {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

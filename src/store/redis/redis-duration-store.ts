import {
  type DurationSample,
  type DurationStats,
  type GroupMoments,
  KEPT_SHARE,
} from '../../domain/duration-model.ts';
import type { DurationStore } from '../duration-store.ts';
import { attempt, type RedisClient, runScript } from './scripts.ts';
import { keys } from './keys.ts';
import { isWrongType } from './quarantine.ts';

/**
 * What was learned of durations, in one hash: a field for each group, its three numbers with blanks between. A key of
 * another type counts as nothing, and is replaced with what is learned next.
 */
export class RedisDurationStore implements DurationStore {
  readonly #client: RedisClient;

  constructor(client: RedisClient) {
    this.#client = client;
  }

  async read(): Promise<DurationStats> {
    const fields = await attempt(() =>
      this.#client.hgetall(keys.durations).catch((error: unknown) => {
        if (isWrongType(error)) return {};
        throw error;
      }),
    );
    const groups = Object.entries(fields).map(([name, text]) => [name, readMoments(text)] as const);
    return new Map(groups.filter((group): group is [string, GroupMoments] => group[1] !== null));
  }

  async add(samples: readonly DurationSample[]): Promise<void> {
    const values = samples.map(({ group, moments }) => [group, moments.mean, moments.square]);
    await attempt(() => runScript(this.#client, 'reelgateLearn', [keys.durations], [KEPT_SHARE, ...values]));
  }
}

/** @returns null for what another version may have written */
function readMoments(text: string): GroupMoments | null {
  const [weight = 0, sum = 0, squares = 0, ...more] = text.split(' ').map(Number);
  const readable = more.length === 0 && [weight, sum, squares].every(Number.isFinite) && weight > 0;
  return readable ? { weight, sum, squares } : null;
}

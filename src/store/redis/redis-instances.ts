import { type Instance, INSTANCE_TTL_MS, type Instances, MAX_INSTANCES } from '../instances.ts';
import { keys } from './keys.ts';
import { isWrongType } from './quarantine.ts';
import { attempt, type RedisClient } from './scripts/run-script.ts';

/** The running processes in one sorted set, by the end of their announcements. A key of another type counts as empty and is replaced. */
export class RedisInstances implements Instances {
  readonly #client: RedisClient;

  /** @param client owned by the caller */
  constructor(client: RedisClient) {
    this.#client = client;
  }

  announce(instance: Instance, now: number): Promise<void> {
    return attempt(async () => {
      const { instances: key } = keys;
      try {
        await this.#client.zremrangebyscore(key, '-inf', now);
        await this.#client.zadd(key, now + INSTANCE_TTL_MS, memberOf(instance));
      } catch (error) {
        if (!isWrongType(error)) throw error;
        await this.#client.del(key);
        await this.#client.zadd(key, now + INSTANCE_TTL_MS, memberOf(instance));
      }
      await this.#client.pexpire(key, INSTANCE_TTL_MS);
    });
  }

  withdraw(instance: Instance): Promise<void> {
    return attempt(async () => {
      await this.#client.zrem(keys.instances, memberOf(instance));
    });
  }

  list(now: number): Promise<Instance[]> {
    return attempt(async () => {
      const members = await this.#client
        .zrangebyscore(keys.instances, `(${now}`, '+inf', 'LIMIT', 0, MAX_INSTANCES)
        .catch((error: unknown) => {
          if (isWrongType(error)) return [];
          throw error;
        });
      return members
        .flatMap((member) => readInstance(member) ?? [])
        .toSorted((a, b) => a.startedAt - b.startedAt);
    });
  }
}

/** The same for each announcement of a process. */
function memberOf({ id, role, version, hostName, startedAt }: Instance): string {
  return JSON.stringify({ id, role, version, hostName, startedAt });
}

/** @returns null for a member of another form */
function readInstance(member: string): Instance | null {
  try {
    const instance: Instance = JSON.parse(member);
    const { id, role, version, hostName, startedAt } = instance;
    const isKnown = ['all', 'api', 'poller'].includes(role) && Number.isFinite(startedAt);
    return isKnown && [id, version, hostName].every((text) => typeof text === 'string') ? instance : null;
  } catch {
    return null;
  }
}

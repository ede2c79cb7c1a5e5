import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { defineScripts } from './scripts.ts';
import { TurnRedis } from './turn-redis.ts';

/** Where Redis is. */
export interface RedisLocation {
  /** `redis://` or `rediss://`; with `cluster`, some of its nodes. */
  readonly urls: readonly string[];
  readonly cluster: boolean;
}

/** A client for either kind of Redis. */
export type RedisClient = Redis | Cluster;

/** Milliseconds for one command: more than a short freeze of the server, less than a person waits. */
const COMMAND_TIMEOUT_MS = 5000;
const CONNECT_TIMEOUT_MS = 5000;
/** Milliseconds without any answer to what was sent, after which a connection is replaced. */
const SILENCE_MS = 4000;

/** Milliseconds between two reconnections because of a replica: in between, what can be read is read. */
const REPLICA_PAUSE_MS = 1000;

/**
 * A client for commands. While Redis is away its commands fail at once. In a cluster a command whose connection was
 * lost is tried again for a moment, so all that is sent must bear to be done twice. A client whose server became a replica
 * reconnects: after a failover its name leads to the new primary.
 */
export function connectForCommands(location: RedisLocation): RedisClient {
  const client = connect(location, false, (attempt) => Math.min(1000, 50 * 2 ** Math.min(attempt, 5)));
  defineScripts(client);
  // What goes wrong shows in the commands; unheard, the event would be printed.
  client.on('error', () => {});
  return client;
}

/** A client for subscriptions. It does not reconnect: its owner makes a new one and subscribes again. */
export function connectForSubscriptions(location: RedisLocation): RedisClient {
  return connect(location, true, () => null);
}

/**
 * Connects a client.
 *
 * @throws Error that says why it cannot; the client's own says only that the connection is closed
 */
export async function untilConnected(client: RedisClient): Promise<void> {
  let reason: unknown;
  const note = (error: unknown) => {
    reason = error;
  };
  const events = ['error', 'node error'];
  for (const event of events) client.on(event, note);
  const failure = await client
    .connect()
    .then(() => selectDatabase(client))
    .then(
      () => null,
      (error: unknown) => reason ?? error,
    );
  for (const event of events) client.off(event, note);
  // The message alone: a refused login comes with the password.
  if (failure instanceof Error) throw new Error(failure.message);
}

/** A database that is not there would silently be number 0, and jobs of two environments would mix. */
async function selectDatabase(client: RedisClient): Promise<void> {
  const database = client instanceof Redis ? (client.options.db ?? 0) : 0;
  if (client instanceof Redis && database !== 0) await client.select(database);
}

function connect(
  { urls, cluster }: RedisLocation,
  enableOfflineQueue: boolean,
  retryStrategy: (attempt: number) => number | null,
): RedisClient {
  let leftReplicaAt = -Infinity;
  const node = {
    // A cluster's nodes say where to go instead.
    reconnectOnError: ({ message }: Error) => {
      // A script's error has it in the middle on some versions.
      if (cluster || !/\bREADONLY\b/.test(message)) return false;
      if (performance.now() - leftReplicaAt < REPLICA_PAUSE_MS) return false;
      leftReplicaAt = performance.now();
      return true;
    },
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    // A lost connection fails what was sent over it at once.
    maxRetriesPerRequest: 0,
    socketTimeout: SILENCE_MS,
  };
  const [first = ''] = urls;
  if (!cluster)
    return new TurnRedis(first, { ...node, enableOfflineQueue, retryStrategy, lazyConnect: true });
  return new Cluster([...urls], {
    clusterRetryStrategy: retryStrategy,
    enableOfflineQueue,
    lazyConnect: true,
    shardedSubscribers: true,
    redisOptions: { ...node, ...credentials(first) },
  });
}

/** Nodes that the cluster names itself are reached with the first URL's credentials. */
function credentials(text: string): Pick<RedisOptions, 'username' | 'password' | 'tls'> {
  const { username, password, protocol } = new URL(text);
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    ...(protocol === 'rediss:' ? { tls: {} } : {}),
  };
}

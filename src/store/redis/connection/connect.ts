import { Cluster, Redis, type RedisOptions } from 'ioredis';
import {
  credentialsOf,
  isTls,
  nodeOf,
  readNode,
  type RedisLocation,
  type RedisNode,
  type SentinelLocation,
  tlsFor,
} from './location.ts';
import { defineScripts, type RedisClient } from '../scripts/run-script.ts';

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
    // Those that follow from the first say less, such as that the connection is closed or that all nodes failed.
    reason ??= error instanceof Error && 'lastNodeError' in error ? error.lastNodeError : error;
  };
  const events = ['error', 'node error'];
  for (const event of events) client.on(event, note);
  const failure = await untilReady(client)
    .then(() => selectDatabase(client))
    .then(
      () => null,
      (error: unknown) => reason ?? error,
    );
  for (const event of events) client.off(event, note);
  // The message alone: a refused login comes with the password.
  if (failure instanceof Error) throw new Error(failure.message);
}

/**
 * Resolves when the client is ready. Its own `connect` may never settle: a cluster's when the first node that it asked was not
 * ready and another one is, and one with sentinels as long as none of these answers.
 */
async function untilReady(client: RedisClient): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const hasSentinels = client instanceof Redis && (client.options.sentinels ?? []).length > 0;
  const isReady = () => resolve();
  client.once('ready', isReady);
  if (hasSentinels) client.once('error', reject);
  try {
    await Promise.race([client.connect(), promise]);
  } finally {
    client.off('ready', isReady);
    client.off('error', reject);
  }
}

/** A database that is not there would silently be number 0, and jobs of two environments would mix. */
async function selectDatabase(client: RedisClient): Promise<void> {
  const database = client instanceof Redis ? (client.options.db ?? 0) : 0;
  if (client instanceof Redis && database !== 0) await client.select(database);
}

function connect(
  { urls, cluster, sentinels }: RedisLocation,
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
  const tls = isTls(first);
  const options = { ...node, enableOfflineQueue, retryStrategy, lazyConnect: true };
  const { username, password } = credentialsOf(first);
  if (cluster) {
    const nodeTo = ({ host, port }: RedisNode) => ({
      host,
      port,
      ...(tls ? { tls: tlsFor(host, urls) } : {}),
    });
    return new Cluster(
      urls.map((url) => nodeTo(nodeOf(url))),
      {
        clusterRetryStrategy: retryStrategy,
        enableOfflineQueue,
        lazyConnect: true,
        shardedSubscribers: true,
        // Certificates are of names, not of what these lead to.
        dnsLookup: (host, callback) => callback(null, host),
        natMap: (text) => nodeTo(readNode(text)),
        redisOptions: {
          ...node,
          ...(username === undefined ? {} : { username }),
          ...(password === undefined ? {} : { password }),
        },
      },
    );
  }
  if (sentinels !== undefined) {
    return new TurnRedis({
      ...options,
      ...credentialsOf(first),
      ...sentinelOptions(sentinels, urls, retryStrategy),
    });
  }
  return new TurnRedis(first, { ...options, ...(tls ? { tls: tlsFor(nodeOf(first).host, urls) } : {}) });
}

/** The servers are those that the sentinels name; a client follows the primary when they make another one that. */
function sentinelOptions(
  { name, urls: sentinelUrls }: SentinelLocation,
  urls: readonly string[],
  retryStrategy: (attempt: number) => number | null,
): RedisOptions {
  const [first = ''] = urls;
  const [sentinel = ''] = sentinelUrls;
  const { username, password } = credentialsOf(sentinel);
  const tls = isTls(first);
  return {
    name,
    sentinels: sentinelUrls.map((url) => nodeOf(url, 26_379)),
    ...(username === undefined ? {} : { sentinelUsername: username }),
    ...(password === undefined ? {} : { sentinelPassword: password }),
    ...(isTls(sentinel) ? { sentinelTLS: {} } : {}),
    ...(tls ? { tls: {}, enableTLSForSentinelMode: true } : {}),
    natMap: (text) => ({ ...readNode(text), ...(tls ? tlsFor(readNode(text).host, urls) : {}) }),
    sentinelRetryStrategy: retryStrategy,
    sentinelCommandTimeout: COMMAND_TIMEOUT_MS,
    // Those of the settings are all of them.
    updateSentinels: false,
    failoverDetector: true,
  };
}

/**
 * A client that writes what is asked for in one turn of the event loop in one piece, at its end: a write for each command
 * would cost this process and the server more than most commands do. Unlike with the client's own pipelines nothing else
 * changes: no command waits for the answer to another one.
 */
export class TurnRedis extends Redis {
  override sendCommand(...given: Parameters<Redis['sendCommand']>): unknown {
    const { stream } = this;
    // There is none until it connects.
    if (stream?.writableCorked === 0) {
      stream.cork();
      setImmediate(() => stream.uncork());
    }
    return super.sendCommand(...given);
  }
}

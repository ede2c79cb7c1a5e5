import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { EventEmitter } from '../../../events/gateway-events.ts';
import { defineScripts, type RedisClient } from '../scripts/run-script.ts';
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

/** Milliseconds for one command: longer than a short freeze of the server, shorter than a person waits. */
const COMMAND_TIMEOUT_MS = 5000;
const CONNECT_TIMEOUT_MS = 5000;
/** A connection without an answer for this time in milliseconds is replaced. */
const SILENCE_MS = 4000;

/** Milliseconds between two reconnections because of a replica. Reads continue in between. */
const REPLICA_PAUSE_MS = 1000;

/**
 * Creates a client for commands. While Redis is unavailable, commands fail at once. In a cluster, a command is retried for a moment when its
 * connection is lost, so every command must be safe to repeat. A client whose server became a replica reconnects, because after a failover
 * the name of the server resolves to the new primary.
 */
export function connectForCommands(location: RedisLocation, events: EventEmitter): RedisClient {
  const client = connect(location, false, (attempt) => Math.min(1000, 50 * 2 ** Math.min(attempt, 5)));
  defineScripts(client);
  emitConnection(client, events);
  return client;
}

/** Emits when the connection of the client is opened and lost; not when its owner disconnects it, because it does not reconnect then. */
function emitConnection(client: RedisClient, events: EventEmitter): void {
  const connection = 'commands';
  let reason: string | null = null;
  let isConnected = false;
  // The commands report failures. Without a listener the client would print the event.
  client.on('error', (error: Error) => (reason = error.message));
  client.on('ready', () => {
    isConnected = true;
    reason = null;
    events.emit('store:connection', { connection, state: 'connected', reason: null });
  });
  client.on('reconnecting', () => {
    if (!isConnected) return;
    isConnected = false;
    events.emit('store:connection', {
      connection,
      state: 'lost',
      reason: reason ?? 'the connection was closed',
    });
  });
}

/** Creates a client for subscriptions. It does not reconnect: its owner opens a new one and subscribes again. */
export function connectForSubscriptions(location: RedisLocation): RedisClient {
  return connect(location, true, () => null);
}

/**
 * Connects a client.
 *
 * @throws Error with the first reason; the client's own error says only that the connection is closed
 */
export async function untilConnected(client: RedisClient): Promise<void> {
  let reason: unknown;
  const note = (error: unknown) => {
    // Later errors say less, such as that the connection is closed or that all nodes failed.
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
  // Only the message is kept, because the error of a refused login contains the password.
  if (failure instanceof Error) throw new Error(failure.message);
}

/**
 * Resolves when the client is ready. The client's own `connect` may never settle: in a cluster when the first node was not ready and
 * another one is, and with sentinels as long as none of them answers.
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

/** Fails for a database that does not exist. The client would silently use number 0, and jobs of two environments would mix. */
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
    // The nodes of a cluster redirect the client themselves.
    reconnectOnError: ({ message }: Error) => {
      // Some versions of Redis put the word in the middle of a script's error.
      if (cluster || !/\bREADONLY\b/.test(message)) return false;
      if (performance.now() - leftReplicaAt < REPLICA_PAUSE_MS) return false;
      leftReplicaAt = performance.now();
      return true;
    },
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    // When the connection is lost, its commands fail at once.
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
        // Certificates are issued for names, so names are not resolved here.
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
    return new BatchingRedis({
      ...options,
      ...credentialsOf(first),
      ...sentinelOptions(sentinels, urls, retryStrategy),
    });
  }
  return new BatchingRedis(first, { ...options, ...(tls ? { tls: tlsFor(nodeOf(first).host, urls) } : {}) });
}

/** Options for sentinels. The client follows the primary when the sentinels promote another server. */
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
    // The settings list all sentinels.
    updateSentinels: false,
    failoverDetector: true,
  };
}

/**
 * A client that writes the commands of one turn of the event loop at once, at the end of the turn. One write for each command would cost
 * this process and the server more than most commands do. Unlike in the client's own pipelines, no command waits for the answer to another.
 */
export class BatchingRedis extends Redis {
  override sendCommand(...given: Parameters<Redis['sendCommand']>): unknown {
    const { stream } = this;
    // There is no stream before the client connects.
    if (stream?.writableCorked === 0) {
      stream.cork();
      setImmediate(() => stream.uncork());
    }
    return super.sendCommand(...given);
  }
}

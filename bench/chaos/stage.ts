import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { TcpProxy } from '../../test/support/network/tcp-proxy.ts';
import { PRIMARY_NAME, startSentinels } from '../../test/support/redis/redis-sentinel.ts';
import { RedisServer } from '../../test/support/redis/redis-server.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { ChaosGateway } from './chaos-gateway.ts';
import { Load, type Target } from './load.ts';
import { SmallDisk } from './small-disk.ts';
import { StoppableServer } from './stoppable-server.ts';
import { ChaosUpstream } from './upstream.ts';
import { Watcher } from './watcher.ts';

/** Everything that runs, for the causes of faults. */
export interface Stage {
  readonly upstream: ChaosUpstream;
  /** The first one is the primary at first. */
  readonly redis: readonly [RedisServer, RedisServer];
  /** An open connection to the first one, for commands that do not work over a new one. */
  readonly admin: Redis;
  /** Sets how long Redis is down until its replica is promoted, in milliseconds. */
  readonly setFailover: (afterMs: number) => Promise<void>;
  /** The way of the API instance to Redis; the pollers ask the Sentinels. */
  readonly wire: TcpProxy;
  readonly api: ChaosGateway;
  readonly pollers: readonly [ChaosGateway, ChaosGateway];
  /** A gateway with the embedded store, with an archive and webhooks. */
  readonly embedded: ChaosGateway;
  readonly disk: SmallDisk;
  readonly dataDir: string;
  readonly archiveDisk: SmallDisk;
  /** The file with the milliseconds by which the clock of `embedded` is wrong. */
  readonly clockFile: string;
  readonly collector: StoppableServer;
  readonly issuer: StoppableServer;
  readonly receiver: Receiver;
  readonly load: Load;
  readonly toApi: Target;
  /** A client of the API instance that watches all jobs. */
  readonly watcher: Watcher;
  readonly toEmbedded: Target;
}

/** The receiver of webhooks. */
export interface Receiver {
  /** Its answer to each message; null: none. */
  status: number | null;
  messages: number;
}

const PASSWORD = 'chaos-of-sentinels';
const TOKEN = 'a-static-key-of-the-load';
/** Long enough for each fault of Redis that is no failover. */
export const NO_FAILOVER_MS = 3_600_000;
const DISK_MIB = 64;
const ARCHIVE_MIB = 32;
const PRELOAD = fileURLToPath(new URL('../../test/support/process/settable-date.ts', import.meta.url));
const KEYS = JSON.stringify({ keys: [] });

export async function openStage(resources: AsyncDisposableStack): Promise<Stage> {
  const folder = resources.use(tempFolder());
  const upstream = resources.use(await ChaosUpstream.start(join(folder.path, 'sandbox')));
  const primary = resources.use(await RedisServer.start({ appendOnly: true }));
  const replicaOf = ['--replicaof', '127.0.0.1', String(primary.port)];
  const replica = resources.use(await RedisServer.start({ appendOnly: true, settings: replicaOf }));
  const sentinels = resources.use(await startSentinels(primary, PASSWORD));
  const setFailover = (afterMs: number) => setDownAfter(sentinels.places, afterMs);
  await setFailover(NO_FAILOVER_MS);
  const wire = resources.use(await TcpProxy.start(primary.port));
  const admin = new Redis(primary.port);
  admin.on('error', () => {});
  resources.defer(() => admin.disconnect());
  const collector = resources.use(await startAnswering('{}'));
  const issuer = resources.use(await startAnswering(KEYS));
  const receiver: Receiver = { status: 204, messages: 0 };
  const receiving = resources.use(await startReceiver(receiver));

  const disk = new SmallDisk(join(folder.path, 'disk'), DISK_MIB);
  resources.use(disk);
  const dataDir = join(disk.path, 'data');
  mkdirSync(dataDir, { mode: 0o700 });
  const archiveDisk = new SmallDisk(join(dataDir, 'archive'), ARCHIVE_MIB);
  resources.use(archiveDisk);
  const clockFile = join(folder.path, 'clock');
  writeFileSync(clockFile, '0');
  const keysFile = join(folder.path, 'keys.json');
  const sha256 = createHash('sha256').update(TOKEN).digest('hex');
  const scopes = ['video:generate', 'video:read'];
  writeFileSync(keysFile, JSON.stringify([{ sha256, owner: 'load', scopes }]));

  const common = {
    SEGMIND_API_KEY: 'SG_test',
    SEGMIND_BASE_URL: upstream.origin,
    SEGMIND_RPM: '3000',
    SEGMIND_TIMEOUT_MS: '2000',
    JOB_DEADLINE_SECONDS: '150',
    MAX_UNFINISHED_JOBS_PER_OWNER: '0',
    GENERATE_RPM_PER_OWNER: '0',
  };
  const sentinelSettings = {
    ...common,
    ROLE: 'poller',
    REDIS_URL: primary.url,
    REDIS_SENTINELS: `${PRIMARY_NAME}@:${PASSWORD}@${sentinels.places.join(',')}`,
  };
  const starting = {
    api: ChaosGateway.start('api', {
      ...common,
      ROLE: 'api',
      REDIS_URL: wire.url,
      LOG_LEVEL: 'debug',
      AUTH_API_KEYS_FILE: keysFile,
      AUTH_JWKS_URL: `${issuer.origin}/keys`,
      AUTH_ISSUER: 'https://issuer.example.com',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.origin,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_TIMEOUT: '1000',
      OTEL_BSP_SCHEDULE_DELAY: '500',
      OTEL_BSP_EXPORT_TIMEOUT: '1500',
    }),
    first: ChaosGateway.start('poller-1', sentinelSettings),
    second: ChaosGateway.start('poller-2', sentinelSettings),
    embedded: ChaosGateway.start('embedded', {
      ...common,
      DATA_DIR: dataDir,
      ARCHIVE: 'folder',
      // A later clock must not remove the jobs.
      JOB_RETENTION_HOURS: '87600',
      PUBLIC_URL: 'http://localhost:4000',
      WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
      WEBHOOK_ORIGINS: receiving.origin,
      NODE_OPTIONS: `--import=${PRELOAD}`,
      TEST_CLOCK_FILE: clockFile,
    }),
  };
  const api = resources.use(await starting.api);
  const pollers = [resources.use(await starting.first), resources.use(await starting.second)] as const;
  const embedded = resources.use(await starting.embedded);
  const image = `${upstream.origin}/images/sample.png`;
  const toApi = { url: api.url, token: TOKEN, input: { image } };
  const watcher = resources.use(new Watcher(toApi, null));
  return {
    upstream,
    redis: [primary, replica],
    admin,
    setFailover,
    wire,
    api,
    pollers,
    embedded,
    disk,
    dataDir,
    archiveDisk,
    clockFile,
    collector,
    issuer,
    receiver,
    load: new Load(),
    toApi,
    watcher,
    toEmbedded: {
      url: embedded.url,
      token: null,
      input: { image, webhookUrl: `${receiving.origin}/hook` },
    },
  };
}

/** All gateways of a stage. */
export function gatewaysOf({ api, pollers, embedded }: Stage): readonly ChaosGateway[] {
  return [api, ...pollers, embedded];
}

/** A server that answers each request with the same JSON. */
function startAnswering(body: string): Promise<StoppableServer> {
  return StoppableServer.start(async (request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  });
}

function startReceiver(receiver: Receiver): Promise<StoppableServer> {
  return StoppableServer.start(async (request, response) => {
    receiver.messages += 1;
    request.resume();
    if (receiver.status !== null) response.writeHead(receiver.status).end();
  });
}

async function setDownAfter(places: readonly string[], ms: number): Promise<void> {
  for (const place of places) {
    const sentinel = new Redis(Number(place.split(':')[1]), { password: PASSWORD, lazyConnect: true });
    try {
      await sentinel.connect();
      await sentinel.call('SENTINEL', 'SET', PRIMARY_NAME, 'down-after-milliseconds', String(ms));
    } finally {
      sentinel.disconnect();
    }
  }
}

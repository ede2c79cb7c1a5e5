import type { Logger } from 'pino';
import { describeSignIn } from './auth/open-authenticator.ts';
import type { Config } from './config/config.ts';
import { LocalMedia } from './domain/local-media.ts';
import type { UpstreamKind } from './domain/upstream-kind.ts';
import { GatewayEvents } from './events/gateway-events.ts';
import { LearnedDurations } from './poller/learned-durations.ts';
import { Poller } from './poller/poller.ts';
import { type FollowingClock, SteadyClock, systemClock } from './process/clocks.ts';
import { listenError } from './process/listen-error.ts';
import { keepFilesPrivate } from './process/private-files.ts';
import { FileClient } from './providers/files/file-client.ts';
import { observeStorage } from './store/observed-storage.ts';
import { openStorage } from './store/open.ts';
import type { Storage } from './store/storage.ts';
import { GatewayLog } from './telemetry/logs/gateway-log.ts';
import { logRequests } from './telemetry/logs/request-log.ts';
import { AllowedHosts } from './transports/http/addresses/allowed-hosts.ts';
import { CrossOrigin } from './transports/http/addresses/cross-origin.ts';
import { PublicUrl } from './transports/http/addresses/public-url.ts';
import { HttpServer, type HttpServerOptions } from './transports/http/http-server.ts';
import type { MetricsEndpoint } from './transports/http/metrics/metrics-endpoint.ts';
import { ConsoleFiles } from './transports/http/pages/console.ts';
import type { WebSocketEndpoint } from './transports/websocket/endpoint.ts';
import { WatchedJobs } from './watching/watched-jobs.ts';
import { WebhookTargets } from './webhooks/targets.ts';
import { announceInstance } from './wiring/announce-instance.ts';
import { openArchive } from './wiring/open-archive.ts';
import { openArchiver } from './wiring/open-archiver.ts';
import { openDeliverer } from './wiring/open-deliverer.ts';
import { type GraphQLOverrides, type GraphQLParts, openGraphQL } from './wiring/open-graphql.ts';
import { type MediaParts, openMedia, openVideoSignatures } from './wiring/open-media.ts';
import { openMetrics } from './wiring/open-metrics.ts';
import { openTraces } from './wiring/open-traces.ts';
import { openUpstream } from './wiring/open-upstream.ts';
import { untilStoreAvailable } from './wiring/until-store-available.ts';

/** A running gateway. Disposing it stops it gracefully and releases all its resources. */
export interface App extends AsyncDisposable {
  /** Its origin, e.g. `http://127.0.0.1:4000`. */
  readonly url: string;
  /** Null: this process serves no clients. */
  readonly webSockets: Pick<WebSocketEndpoint, 'size'> | null;
}

/** Parts that tests replace; none of them is a setting. */
export interface AppOverrides extends GraphQLOverrides {
  /** Replaces both clocks: that of jobs and that of tokens. */
  readonly clock?: FollowingClock;
  /** Events of the process, when it has some of its own; tests listen to them. The gateway adds its own listeners. */
  readonly events?: GatewayEvents;
  /** Called with the opened storage. The gateway uses the returned one, and disposes its store. */
  readonly wrapStorage?: (storage: Storage) => Storage;
  readonly server?: Pick<HttpServerOptions, 'slowClientLimits' | 'times' | 'idleGraceMs'>;
}

/** Milliseconds for the steps in progress when the gateway stops; with the server's grace, the stop stays under ten seconds. */
const STEP_GRACE_MS = 6000;

/**
 * Wires the parts and starts them. A part that fails to start releases those that were opened before.
 *
 * @param signal aborts a start that waits for Redis
 * @throws the signal's reason; StartError, SettingsFileError or FolderInUseError when the settings or the environment prevent the start
 */
export async function startApp(
  config: Config,
  log: Logger,
  signal: AbortSignal,
  overrides: AppOverrides = {},
): Promise<App> {
  await using resources = new AsyncDisposableStack();
  const {
    clock = new SteadyClock(),
    events = new GatewayEvents(),
    wrapStorage = (storage) => storage,
  } = overrides;
  resources.use(new GatewayLog(log, systemClock, events));
  const traces = resources.use(await openTraces(config, { events, clock, log }));
  if (log.isLevelEnabled('debug')) logRequests(events, log);
  if (config.redis === null || config.embeddedSandbox) keepFilesPrivate(config.dataDir, log);
  const webhookTargets = new WebhookTargets(config.webhooks);
  const storage = observeStorage(wrapStorage(await openStorage(config, clock, log, events, signal)), {
    system: config.redis === null ? 'sqlite' : 'redis',
    events,
    monotonicMs: () => performance.now(),
  });
  resources.use(storage.store);
  const archive = resources.use(await openArchive(config, { now: () => systemClock.now(), events, log }));
  // A fault of the embedded store is one of its folder, and ends the start.
  const whileAway = <T>(work: () => Promise<T>): Promise<T> =>
    config.redis === null ? work() : untilStoreAvailable(work, { events, signal });
  const signatures = resources.use(await whileAway(() => openVideoSignatures({ storage, archive, events })));
  const videoUrls = signatures && {
    sign: (id: string) => signatures.sign(id),
    retentionMs: config.jobRetentionMs,
  };
  const upstream = resources.use(await openUpstream(config, { now: () => clock.now(), events, log }));
  const { priceUsd } = upstream;
  const metricsParts = { events, storage, now: () => clock.now(), priceUsd };
  const metrics = resources.use(await openMetrics(config, metricsParts, log));
  const localMedia = upstream.kind === 'public' ? null : new LocalMedia(upstream.origin);
  const trustedOrigins = localMedia?.origins ?? [upstream.origin];
  const files = resources.use(new FileClient({ trustedOrigins, proxy: config.proxy }));

  const tokenClock = overrides.clock ?? systemClock;
  const parts = {
    storage,
    archive,
    files,
    upstream,
    localMedia,
    signatures,
    videoUrls,
    webhookTargets,
    clock,
    tokenClock,
    events,
  };
  const poller = createPoller(config, parts);
  const archiver = await openArchiver(config, parts);
  const deliverer = openDeliverer(config, parts);
  resources.use(deliverer?.client);
  resources.defer(async () => {
    const delivered = deliverer?.deliverer.stop(STEP_GRACE_MS);
    await Promise.all([poller.stop(STEP_GRACE_MS), archiver?.stop(), delivered]);
  });
  if (config.role !== 'api') {
    await whileAway(() => poller.start());
    archiver?.start();
    deliverer?.deliverer.start();
  }
  const account = resources.use(upstream.openAccount(storage));
  resources.use(announceInstance(config, storage.instances, clock));

  const watchedJobs = resources.use(
    new WatchedJobs({ store: storage.store, cache: storage.cache, clock, events }),
  );
  const { server, graphql, pages } = openServer(
    config,
    { ...parts, account, watchedJobs, metrics: metrics.endpoint },
    log,
    { ...overrides, hooks: [...(traces === null ? [] : [traces.operations]), ...(overrides.hooks ?? [])] },
    resources,
  );
  if (graphql !== null) log.info(describeSignIn(config));
  const url = await server.listen().catch((error: unknown) => {
    throw listenError(config, error);
  });
  log.info({ url }, `listening on ${url}${pages === null ? '' : ' - open it in a browser'}`);

  const owned = resources.move();
  const webSockets = graphql?.webSockets ?? null;
  return { url, webSockets, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

type PollerParts = Pick<
  GraphQLParts,
  'storage' | 'archive' | 'upstream' | 'webhookTargets' | 'clock' | 'events'
>;

function createPoller(
  config: Config,
  { storage, archive, upstream, webhookTargets, clock, events }: PollerParts,
): Poller {
  return new Poller({
    store: storage.store,
    submissions: storage.submissions,
    upstream: upstream.upstream,
    clock,
    random: Math.random,
    budget: storage.budget,
    callTimeoutMs: config.segmindTimeoutMs,
    durations: new LearnedDurations({
      store: storage.durations,
      clock,
      upstream: upstream.durationsKey,
      typicalMs: upstream.typicalMs,
    }),
    retentionMs: config.jobRetentionMs,
    archives: archive !== null,
    targetsOf: (job) => webhookTargets.targetsOf(job),
    events,
  });
}

type ServerParts = Omit<GraphQLParts, 'publicUrl'> &
  MediaParts & { readonly metrics: MetricsEndpoint | null };

/** @param resources owns the server and its parts */
function openServer(
  config: Config,
  parts: ServerParts,
  log: Logger,
  overrides: AppOverrides,
  resources: AsyncDisposableStack,
) {
  const { upstream, storage, webhookTargets, events } = parts;
  const publicUrl = new PublicUrl(config);
  const hosts = new AllowedHosts(config.allowedHosts);
  const crossOrigin = new CrossOrigin({ corsOrigins: config.corsOrigins, hosts, publicUrl });
  const media = config.role === 'poller' ? null : openMedia(config, parts);
  const graphql = media === null ? null : openGraphQL(config, { ...parts, publicUrl }, overrides);
  const pages = media === null ? null : openConsole(config, upstream.kind, log);
  const server = resources.use(
    new HttpServer({
      ...overrides.server,
      host: config.host,
      port: config.port,
      graphql,
      console: pages,
      ...(media ?? { media: null, videos: null }),
      metrics: parts.metrics,
      crossOrigin,
      publicUrl,
      upstream: upstream.kind,
      webhookKeys: webhookTargets.publicKeys,
      probe: () => storage.store.health(),
      events,
    }),
  );
  return { server, graphql, pages };
}

/** @returns null without a build, and when only trusted documents are executed: those of the console are not among them */
function openConsole(
  { trustedDocumentsFile }: Config,
  upstreamKind: UpstreamKind,
  log: Logger,
): ConsoleFiles | null {
  if (trustedDocumentsFile !== null) return null;
  const files = ConsoleFiles.read(upstreamKind);
  if (files === null) log.warn('the console is not built, so there is no page at /: npm run build:console');
  return files;
}

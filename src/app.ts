import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { JobTokenSecrets } from './auth/job-token-secrets.ts';
import { JobTokens } from './auth/job-tokens.ts';
import type { Config } from './config/config.ts';
import { describeProxy } from './config/proxy.ts';
import { dataFolderError, openDataFolder } from './process/data-folder.ts';
import type { Caller } from './domain/caller.ts';
import { LOCAL_MEDIA_PATH, LocalMedia } from './domain/local-media.ts';
import { type UpstreamKind, upstreamKindOf } from './domain/upstream-kind.ts';
import { requestParser } from './domain/request/video-request.ts';
import { newJobId } from './domain/job/job-id.ts';
import { FaultLog, type LeveledLog } from './process/fault-log.ts';
import { createContext, type GraphQLContext, type GraphQLServices } from './graphql/context.ts';
import { AnswerBudget } from './graphql/answer-budget.ts';
import { createSchema } from './graphql/schema.ts';
import { LearnedDurations } from './poller/learned-durations.ts';
import { Poller } from './poller/poller.ts';
import type { Sandbox, startSandbox } from '@reelgate/sandbox';
import { CallbackSubscriptions } from './transports/callback/subscriptions.ts';
import { AllowedHosts } from './transports/http/addresses/allowed-hosts.ts';
import { ConsoleFiles } from './transports/http/pages/console.ts';
import { GraphiQL } from './transports/http/pages/graphiql/graphiql.ts';
import {
  type GraphQLEndpoints,
  HttpServer,
  type HttpServerOptions,
  listenFault,
} from './transports/http/http-server.ts';
import { CrossOrigin } from './transports/http/addresses/cross-origin.ts';
import { OwnerStreams } from './transports/owner-streams.ts';
import { MediaProxy } from './transports/http/pages/media-proxy.ts';
import { PublicUrl } from './transports/http/addresses/public-url.ts';
import type { OperationHook } from './operations/operation.ts';
import { Operations } from './operations/operations.ts';
import { TrustedDocuments } from './operations/trusted-documents.ts';
import { GraphQLOverHttp } from './transports/http/graphql/graphql-over-http.ts';
import { UploadSlots } from './transports/http/uploads/upload-slots.ts';
import { createGraphQLYoga } from './transports/http/graphql/yoga.ts';
import { WebSocketEndpoint } from './transports/websocket/endpoint.ts';
import { StartError } from './process/start-error.ts';
import { openStorage } from './store/open.ts';
import type { Storage } from './store/storage.ts';
import { WatchedJobs } from './watching/watched-jobs.ts';
import { keepFilesPrivate } from './process/private-files.ts';
import { openAuthenticator, whoMayAsk } from './auth/open-authenticator.ts';
import { type FollowingClock, SteadyClock, systemClock } from './process/clocks.ts';
import { checkKeyOnce } from './providers/segmind/check-key.ts';
import type { Image, ImageHost, UploadOutcome } from './providers/image-host.ts';
import { createAgent } from './providers/segmind/http/agent.ts';
import { SegmindImageHost } from './providers/segmind/segmind-image-host.ts';
import { historyUrl, WAN_MODEL } from './providers/segmind/facts.ts';
import { SegmindUpstream } from './providers/segmind/segmind-upstream.ts';

/** A running gateway. Disposing it stops it gracefully and releases all that it holds. */
export interface App extends AsyncDisposable {
  /** Its origin, e.g. `http://127.0.0.1:4000`. */
  readonly url: string;
  /** Null: this process serves no clients. */
  readonly webSockets: Pick<WebSocketEndpoint, 'size'> | null;
}

/** Parts that tests replace; none of them is a setting. */
export interface AppOverrides {
  /** For jobs and for tokens, whose clocks are two otherwise. */
  readonly clock?: FollowingClock;
  /** Called with the opened storage. The gateway uses the returned one, and disposes its store. */
  readonly wrapStorage?: (storage: Storage) => Storage;
  readonly wrapContext?: (make: () => GraphQLContext) => GraphQLContext;
  readonly imageHost?: ImageHost;
  readonly answers?: AnswerBudget;
  readonly hooks?: readonly OperationHook[];
  readonly server?: Pick<HttpServerOptions, 'slowClientLimits' | 'times' | 'idleGraceMs'>;
}

/** Milliseconds for the steps under way when the gateway stops; with the server's it stays under ten seconds. */
const STEP_GRACE_MS = 6000;
/** Mean duration of a job in the sandbox at speed 1. */
const SANDBOX_TYPICAL_MS = 8000;
/** Of many jobs the log names the first. */
const MAX_LOGGED_IDS = 10;
/** Milliseconds between two log lines about refused hosts, or refused origins. */
const REFUSAL_WINDOW_MS = 60_000;
const SANDBOX_KEY = 'SG_sandbox';

/**
 * Wires the parts and starts them. What was opened is released again when a later part fails to start.
 *
 * @param signal gives up a start that waits for Redis
 * @throws the signal's reason; StartError, SettingsFileError and FolderInUseError when it can't be started as it is set up
 */
export async function startApp(
  config: Config,
  log: Logger,
  signal: AbortSignal,
  overrides: AppOverrides = {},
): Promise<App> {
  await using resources = new AsyncDisposableStack();

  const { clock = new SteadyClock(), wrapStorage = (storage) => storage } = overrides;
  const faults = resources.use(new FaultLog(log, systemClock));
  if (config.redis === null || config.embeddedSandbox) keepFilesPrivate(config.dataDir, log);
  const storage = wrapStorage(await openStorage(config, clock, log, faults, signal));
  const { store, cache, submissions, budget, durations } = storage;
  resources.use(store);
  const sandbox = config.embeddedSandbox ? resources.use(await openSandbox(config, log)) : null;
  if (sandbox === null && config.segmindApiKey === '') {
    log.warn(`SEGMIND_API_KEY is not set: calls to ${config.segmindBaseUrl} carry no key`);
  }
  const typicalMs = sandbox === null ? WAN_MODEL.typicalMs : SANDBOX_TYPICAL_MS / config.sandboxSpeed;
  const origin = sandbox?.url ?? config.segmindBaseUrl;
  const apiKey = sandbox === null ? config.segmindApiKey : SANDBOX_KEY;
  const now = () => clock.now();
  const { proxy } = config;
  if (proxy !== null) log.info(`outgoing calls use ${describeProxy(proxy)}`);
  const call = { apiKey, now, proxy };
  const upstream = resources.use(
    new SegmindUpstream({
      ...call,
      origin,
      historyUrl:
        config.segmindHistoryUrl === 'off' ? null : (config.segmindHistoryUrl ?? historyUrl(origin)),
    }),
  );
  const images = resources.use(overrides.imageHost ?? new SegmindImageHost({ ...call, origin }));

  const poller = new Poller({
    store,
    submissions,
    upstream,
    clock,
    random: Math.random,
    budget,
    rpm: config.segmindRpm,
    callTimeoutMs: config.segmindTimeoutMs,
    durations: new LearnedDurations({
      store: durations,
      clock,
      upstream: sandbox === null ? config.segmindBaseUrl : `sandbox*${config.sandboxSpeed}`,
      typicalMs,
    }),
    retentionMs: config.jobRetentionMs,
    log: log.child({ part: 'poller' }),
  });
  resources.defer(() => poller.stop(STEP_GRACE_MS));
  if (config.role !== 'api') await poller.start();

  if (apiKey !== '' && sandbox === null) resources.use(checkKeyOnce({ origin, ...call }, budget, log));
  const watchedJobs = resources.use(
    new WatchedJobs({
      store,
      cache,
      clock,
      onLost: (ids) =>
        log.error(
          { jobs: ids.length, jobIds: ids.slice(0, MAX_LOGGED_IDS) },
          'the store no longer has jobs that are watched: it was emptied, or has lost its last writes',
        ),
    }),
  );
  const upstreamKind = sandbox === null ? upstreamKindOf(origin) : 'sandbox';
  const localMedia = upstreamKind === 'public' ? null : new LocalMedia(origin);
  const pages = config.role === 'poller' ? null : openConsole(config, upstreamKind, log);
  const publicUrl = new PublicUrl(config);
  const hosts = new AllowedHosts(config.allowedHosts);
  const crossOrigin = new CrossOrigin({ corsOrigins: config.corsOrigins, hosts, publicUrl });
  // Each query may meet the same fault.
  const serverLog = resources.use(new FaultLog(log.child({ part: 'server' }), systemClock));
  const refusals = resources.use(new FaultLog(log.child({ part: 'server' }), systemClock, REFUSAL_WINDOW_MS));
  const graphql =
    config.role === 'poller'
      ? null
      : openGraphQL(config, overrides, {
          ...storage,
          watchedJobs,
          clock,
          images,
          sandbox,
          localMedia,
          upstreamKind,
          publicUrl,
          crossOrigin,
          log: serverLog,
        });
  const server = resources.use(
    new HttpServer({
      ...overrides.server,
      host: config.host,
      port: config.port,
      graphql,
      console: pages,
      media: localMedia === null ? null : openMediaProxy(localMedia, proxy, serverLog, resources),
      crossOrigin,
      publicUrl,
      upstream: upstreamKind,
      refusals,
      probe: () => store.health(),
      log: serverLog,
    }),
  );
  if (config.role !== 'poller') log.info(whoMayAsk(config));
  const url = await server.listen().catch((error: unknown) => {
    const fault = listenFault(config.host, config.port, error);
    throw fault === null ? error : new StartError(fault, { cause: error });
  });
  const open = pages === null ? '' : ' - open it in a browser';
  log.info({ url }, `listening on ${url}${open}`);

  const owned = resources.move();
  const webSockets = graphql?.webSockets ?? null;
  return { url, webSockets, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

interface GraphQLParts extends Pick<
  Storage,
  'store' | 'cache' | 'ownerRate' | 'uploadRate' | 'jobTokenSecrets'
> {
  readonly watchedJobs: WatchedJobs;
  readonly clock: FollowingClock;
  readonly images: ImageHost;
  readonly sandbox: Sandbox | null;
  readonly localMedia: LocalMedia | null;
  readonly upstreamKind: UpstreamKind;
  readonly publicUrl: PublicUrl;
  readonly crossOrigin: CrossOrigin;
  readonly log: LeveledLog;
}

function openGraphQL(config: Config, overrides: AppOverrides, parts: GraphQLParts): GraphQLEndpoints {
  const { store, cache, watchedJobs, clock, ownerRate, uploadRate, images, sandbox, log } = parts;
  const { localMedia, publicUrl, crossOrigin } = parts;
  const jobTokens = new JobTokens(
    new JobTokenSecrets({ text: parts.jobTokenSecrets, now: () => clock.now(), randomBytes }),
  );
  const tokenClock = overrides.clock ?? systemClock;
  const authenticator = openAuthenticator(config, jobTokens, tokenClock, log);
  const { trustedDocumentsFile } = config;
  const trusted = trustedDocumentsFile === null ? null : TrustedDocuments.read(trustedDocumentsFile);
  const streams = new OwnerStreams(config.limits.streamsPerOwner);
  const services: GraphQLServices = {
    store,
    cache,
    watchedJobs,
    clock,
    tokenClock,
    newJobId: (at, shard) => newJobId(at, randomBytes(16), shard),
    parseRequest: requestParser(WAN_MODEL),
    deadlineMs: config.jobDeadlineMs,
    privateImages: sandbox === null ? localMedia !== null : config.sandboxPrivateImages,
    localMedia,
    issueJobToken: (...job) => jobTokens.issue(...job),
    answers: overrides.answers ?? new AnswerBudget(),
    limits: {
      unfinished: config.limits.unfinishedJobs,
      unfinishedPerOwner: config.limits.unfinishedJobsPerOwner,
      perDay: config.limits.jobsPerDay,
      perDayPerOwner: config.limits.jobsPerDayPerOwner,
    },
    ownerRate,
    uploadImage: (image) => upload(images, image, config.segmindTimeoutMs, log),
  };
  const callbacks = new CallbackSubscriptions({ prefixes: config.callbackOrigins, log });
  const { wrapContext = (make) => make() } = overrides;
  const makeContext = (caller: Caller, baseUrl: string) =>
    wrapContext(() => createContext(services, caller, baseUrl));
  const baseUrlOf =
    localMedia === null ? () => '' : (request: IncomingMessage) => publicUrl.baseUrlOf(request);
  const schema = createSchema({ federation: config.federation, model: WAN_MODEL });
  const operations = new Operations({
    schema,
    introspection: config.introspection,
    trusted,
    createContext: makeContext,
    clock,
    hooks: overrides.hooks ?? [],
    log,
  });
  const yoga = createGraphQLYoga({
    schema,
    operations,
    baseUrlOf,
    authenticator,
    streams,
    crossOrigin,
    trusted,
    log,
    callbacks,
    uploads: new UploadSlots(),
    uploadRate,
  });
  return {
    http: new GraphQLOverHttp({
      yoga,
      operations,
      authenticator,
      baseUrlOf,
      crossOrigin,
      hasTrustedDocuments: trusted !== null,
      upstream: parts.upstreamKind,
    }),
    callbacks,
    graphiql: config.introspection
      ? new GraphiQL({
          sampleImageUrl:
            sandbox === null
              ? null
              : (request) => `${baseUrlOf(request)}${LOCAL_MEDIA_PATH}/images/sample.png`,
          signIn: authenticator.required,
          upstream: parts.upstreamKind,
        })
      : null,
    webSockets: new WebSocketEndpoint({
      operations,
      authenticator,
      streams,
      maxOperations: config.limits.operationsPerSocket,
      baseUrlOf,
      clock: tokenClock,
      log,
    }),
  };
}

function openMediaProxy(
  { origin }: LocalMedia,
  proxy: Config['proxy'],
  log: LeveledLog,
  resources: AsyncDisposableStack,
): MediaProxy {
  const closing = new AbortController();
  const dispatcher = createAgent({ proxy, signal: closing.signal });
  resources.defer(async () => {
    closing.abort();
    await dispatcher.destroy();
  });
  return new MediaProxy({ origin, dispatcher, log });
}

/** An upload ends with its time limit, or when the host is disposed. */
async function upload(
  host: ImageHost,
  image: Image,
  timeoutMs: number,
  log: LeveledLog,
): Promise<UploadOutcome> {
  const outcome = await host.upload(image, { timeoutMs, signal: new AbortController().signal });
  if (outcome.type === 'failed') log.warn({ reason: outcome.reason }, 'an image could not be uploaded');
  return outcome;
}

/** Where only an app's own documents are run, the console's are not among them. */
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

async function openSandbox(config: Config, log: Logger): Promise<Sandbox> {
  const { dataDir } = config;
  openDataFolder(dataDir);
  const start = await loadSandbox();
  const sandbox = await start({
    folder: join(dataDir, 'sandbox'),
    speed: config.sandboxSpeed,
    privateImages: config.sandboxPrivateImages,
    // Why this machine could not make a video is nowhere else: its job says what the real upstream would say.
    log: ({ message, isFault = false, ...details }) =>
      log[isFault === true ? 'warn' : 'debug']({ part: 'sandbox', ...details }, message),
  }).catch((error: unknown) => {
    throw dataFolderError(dataDir, error);
  });
  log.warn(
    { url: sandbox.url },
    `SEGMIND_API_KEY is not set: the embedded sandbox at ${sandbox.url} is the upstream, and its videos are test pictures`,
  );
  return sandbox;
}

/** Only where the sandbox is the upstream: an image without it holds neither the package nor its dependencies. */
async function loadSandbox(): Promise<typeof startSandbox> {
  try {
    return (await import('@reelgate/sandbox')).startSandbox;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error;
    throw new StartError(
      `SEGMIND_API_KEY is not set, and the sandbox is not installed: set SEGMIND_API_KEY, or install the package @reelgate/sandbox with its dependencies (${error.message})`,
      { cause: error },
    );
  }
}

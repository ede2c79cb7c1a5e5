import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { YogaLogger } from 'graphql-yoga';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { newJobId } from './domain/job-id.ts';
import { createContext, type GraphQLServices } from './graphql/context.ts';
import { createSchema } from './graphql/schema.ts';
import { LearnedDurations } from './poller/learned-durations.ts';
import { Poller } from './poller/poller.ts';
import { type Sandbox, startSandbox } from './sandbox/sandbox.ts';
import { CallbackSubscriptions } from './server/callback/subscriptions.ts';
import { type GraphQLEndpoints, HttpServer } from './server/http-server.ts';
import { WebSocketEndpoint } from './server/websocket.ts';
import { createGraphQLEndpoint, GRAPHQL_PATH } from './server/yoga.ts';
import type { JobStore } from './store/job-store.ts';
import { openStorage } from './storage.ts';
import { systemClock } from './system-clock.ts';
import { SegmindUpstream } from './upstream/segmind/segmind-upstream.ts';

/** A running gateway. Disposing it stops it gracefully and releases all that it holds. */
export interface App extends AsyncDisposable {
  /** Its origin, e.g. `http://127.0.0.1:4000`. */
  readonly url: string;
}

/** Milliseconds for the steps under way when the gateway stops; with the server's it stays under ten seconds. */
const STEP_GRACE_MS = 6000;
/** Everything runs as this owner. */
const OWNER_ID = 'anonymous';
/** How long a job takes before any was seen: by the upstream's page, and in the sandbox at speed 1. */
const TYPICAL_MS = 53_380;
const SANDBOX_TYPICAL_MS = 8000;
const SANDBOX_KEY = 'SG_sandbox';
const now = () => systemClock.now();

/**
 * Wires the parts and starts them. What was opened is released again when a later part fails to start.
 *
 * @param signal gives up a start that waits for Redis
 * @throws the signal's reason; FolderInUseError when another process has the data folder; errors of listening, such as EADDRINUSE
 */
export async function startApp(config: Config, log: Logger, signal: AbortSignal): Promise<App> {
  await using resources = new AsyncDisposableStack();

  const { store, budget, durations } = await openStorage(config, log, signal);
  resources.use(store);
  const sandbox = config.embeddedSandbox ? resources.use(await openSandbox(config, log)) : null;
  if (sandbox === null && config.segmindApiKey === '') {
    log.warn(`SEGMIND_API_KEY is not set: calls to ${config.segmindBaseUrl} carry no key`);
  }
  const typicalMs = sandbox === null ? TYPICAL_MS : SANDBOX_TYPICAL_MS / config.sandboxSpeed;
  const upstream = resources.use(
    new SegmindUpstream({
      origin: sandbox?.url ?? config.segmindBaseUrl,
      apiKey: sandbox === null ? config.segmindApiKey : SANDBOX_KEY,
      now,
    }),
  );

  const poller = new Poller({
    store,
    upstream,
    clock: systemClock,
    random: Math.random,
    budget,
    callTimeoutMs: config.segmindTimeoutMs,
    durations: new LearnedDurations({
      store: durations,
      clock: systemClock,
      upstream: sandbox === null ? config.segmindBaseUrl : `sandbox*${config.sandboxSpeed}`,
      typicalMs,
    }),
    retentionMs: config.jobRetentionMs,
    log: log.child({ part: 'poller' }),
  });
  resources.defer(() => poller.stop(STEP_GRACE_MS));
  if (config.role !== 'api') await poller.start();

  const serverLog = log.child({ part: 'server' });
  const server = resources.use(
    new HttpServer({
      host: config.host,
      port: config.port,
      graphql: config.role === 'poller' ? null : openGraphQL(config, store, sandbox, serverLog),
      probe: () => store.ping(),
      log: serverLog,
    }),
  );
  const url = await server.listen();
  const graphiql = config.role === 'poller' ? '' : ` - GraphiQL is at ${GRAPHQL_PATH}`;
  log.info({ url }, `listening on ${url}${graphiql}`);

  const owned = resources.move();
  return { url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function openGraphQL(
  config: Config,
  store: JobStore,
  sandbox: Sandbox | null,
  log: Logger,
): GraphQLEndpoints {
  const services: GraphQLServices = {
    store,
    now,
    newJobId: (at, shard) => newJobId(at, randomBytes(16), shard),
    deadlineMs: config.jobDeadlineMs,
    maxUnfinishedJobs: config.limits.unfinishedJobs,
  };
  const callbacks = new CallbackSubscriptions({ origins: config.callbackOrigins, log });
  const yoga = createGraphQLEndpoint({
    schema: createSchema({ federation: config.federation }),
    createContext: () => createContext(services, OWNER_ID),
    log: yogaLog(log),
    callbacks,
    sampleImageUrl: sandbox === null ? null : `${sandbox.url}/images/sample.png`,
  });
  return { yoga, webSockets: new WebSocketEndpoint(yoga, log), callbacks };
}

async function openSandbox(config: Config, log: Logger): Promise<Sandbox> {
  const sandbox = await startSandbox({
    folder: join(config.dataDir, 'sandbox'),
    speed: config.sandboxSpeed,
    log: ({ message, ...details }) => log.debug({ part: 'sandbox', ...details }, message),
  });
  log.warn(
    { url: sandbox.url },
    `SEGMIND_API_KEY is not set: the embedded sandbox at ${sandbox.url} is the upstream, and its videos are test pictures`,
  );
  return sandbox;
}

/** Yoga hands over an error or a text, pino wants details and a text. */
function yogaLog(log: Logger): YogaLogger {
  const to =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (...[first]: unknown[]) =>
      first instanceof Error ? log[level]({ err: first }, 'GraphQL') : log[level](String(first));
  return { debug: to('debug'), info: to('info'), warn: to('warn'), error: to('error') };
}

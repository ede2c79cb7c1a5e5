import { inspect } from 'node:util';
import type { IncomingMessage } from 'node:http';
import { WAN_MODEL } from '../../../src/providers/segmind/facts.ts';
import { requestParser } from '../../../src/domain/request/video-request.ts';
import { Authenticator, type AuthenticatorOptions } from '../../../src/auth/authenticator.ts';
import { jobTokensOf } from '../job-tokens.ts';
import type { Caller } from '../../../src/domain/caller.ts';
import { createContext, type GraphQLContext, type GraphQLServices } from '../../../src/graphql/context.ts';
import { AnswerBudget } from '../../../src/graphql/answer-budget.ts';
import { createSchema } from '../../../src/graphql/schema.ts';
import { CallbackSubscriptions } from '../../../src/transports/callback/subscriptions.ts';
import { GraphiQL } from '../../../src/transports/http/pages/graphiql/graphiql.ts';
import { HttpServer, type HttpServerOptions } from '../../../src/transports/http/http-server.ts';
import { AllowedHosts, type HostRules } from '../../../src/transports/http/addresses/allowed-hosts.ts';
import { CrossOrigin } from '../../../src/transports/http/addresses/cross-origin.ts';
import { PublicUrl, type PublicUrlOptions } from '../../../src/transports/http/addresses/public-url.ts';
import { OwnerStreams } from '../../../src/transports/owner-streams.ts';
import type { OperationHook } from '../../../src/operations/operation.ts';
import { Operations } from '../../../src/operations/operations.ts';
import type { TrustedDocuments } from '../../../src/operations/trusted-documents.ts';
import { GraphQLOverHttp } from '../../../src/transports/http/graphql/graphql-over-http.ts';
import { UploadSlots } from '../../../src/transports/http/uploads/upload-slots.ts';
import { createGraphQLYoga } from '../../../src/transports/http/graphql/yoga.ts';
import { WebSocketEndpoint } from '../../../src/transports/websocket/endpoint.ts';
import type { JobStore } from '../../../src/store/job-store.ts';
import { type OwnerRate, UNLIMITED_RATE } from '../../../src/store/owner-rate.ts';
import { SqliteJobStore } from '../../../src/store/sqlite/sqlite-job-store.ts';
import { WatchedJobs } from '../../../src/watching/watched-jobs.ts';
import { FakeClock } from '../fake-clock.ts';
import { jobId, limits } from '../jobs.ts';
import { tempFolder } from '../temp-folder.ts';
import { DAY, MINUTE } from '../times.ts';

/** Whose jobs the gateway under test serves. */
export const OWNER = 'ada';

/** What a test may replace. */
export interface GatewayOptions extends Partial<
  Pick<GraphQLServices, 'cache' | 'answers' | 'limits' | 'ownerRate' | 'uploadImage' | 'privateImages'>
> {
  /** Stands before the real store, to count its calls or to fail them. */
  readonly wrapStore?: (store: SqliteJobStore) => JobStore;
  /** Stands before the making of each operation's context. */
  readonly wrapContext?: (make: () => GraphQLContext) => GraphQLContext;
  /** @default one of its own */
  readonly clock?: FakeClock;
  /** Absent: everybody is OWNER. */
  readonly auth?: Partial<Pick<AuthenticatorOptions, 'userTokens' | 'apiKeys'>>;
  /** @default none */
  readonly corsOrigins?: readonly string[];
  /** @default any host */
  readonly allowedHosts?: HostRules;
  /** @default neither PUBLIC_URL nor trusted proxies */
  readonly address?: Partial<PublicUrlOptions>;
  readonly trusted?: TrustedDocuments;
  /** @default true */
  readonly introspection?: boolean;
  /** @default 0, no limit */
  readonly streamsPerOwner?: number;
  /** URLs of routers: origins, or with a path. */
  readonly callbackOrigins?: readonly string[];
  /** @default none */
  readonly hooks?: readonly OperationHook[];
  /** @default 1000 */
  readonly maxOperations?: number;
  /** @default no limit */
  readonly uploadRate?: OwnerRate;
  readonly slowClientLimits?: NonNullable<HttpServerOptions['slowClientLimits']>;
  readonly times?: NonNullable<HttpServerOptions['times']>;
  /** @default 0 */
  readonly idleGraceMs?: number;
}

/** A gateway on a free loopback port with a real store and no poller: tests move its jobs. */
export interface Gateway extends AsyncDisposable {
  /** Its origin, such as `http://127.0.0.1:4000`. */
  readonly url: string;
  readonly port: number;
  readonly store: SqliteJobStore;
  readonly clock: FakeClock;
  readonly log: GatewayLog;
  readonly webSockets: WebSocketEndpoint;
  /** Stops the server only; the store stays open. */
  stop(): Promise<void>;
}

export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  await using resources = new AsyncDisposableStack();
  const folder = resources.use(tempFolder());
  const { clock = new FakeClock() } = options;
  const store = resources.use(
    new SqliteJobStore({
      folder: folder.path,
      retentionMs: 7 * DAY,
      now: clock.now,
      onPurgeError: (error) => {
        throw error;
      },
      onUnreadable: (_id, error) => {
        throw error;
      },
    }),
  );
  const {
    wrapStore,
    wrapContext,
    auth,
    corsOrigins = [],
    allowedHosts = null,
    address = {},
    trusted = null,
    introspection = true,
    streamsPerOwner = 0,
    callbackOrigins = [],
    slowClientLimits,
    times,
    idleGraceMs = 0,
    hooks = [],
    maxOperations = 1000,
    uploadRate = UNLIMITED_RATE,
    ...overrides
  } = options;
  const publicUrl = new PublicUrl({ publicUrl: null, trustProxy: [], ...address });
  const crossOrigin = new CrossOrigin({ corsOrigins, hosts: new AllowedHosts(allowedHosts), publicUrl });
  const log = new GatewayLog();
  const jobTokens = jobTokensOf();
  const watched = wrapStore?.(store) ?? store;
  const cache = wrapStore === undefined ? store.cache : null;
  const services: GraphQLServices = {
    store: watched,
    cache,
    watchedJobs: resources.use(new WatchedJobs({ store: watched, cache, clock, onLost: () => {} })),
    clock,
    tokenClock: clock,
    issueJobToken: (...job) => jobTokens.issue(...job),
    newJobId: jobId,
    privateImages: false,
    localMedia: null,
    parseRequest: requestParser(WAN_MODEL),
    deadlineMs: 55 * MINUTE,
    answers: new AnswerBudget(),
    limits: limits(),
    ownerRate: UNLIMITED_RATE,
    uploadImage: async () => ({ type: 'uploaded', url: 'https://files.example.com/cat.png' }),
    ...overrides,
  };
  const authenticator = new Authenticator({
    userTokens: null,
    apiKeys: null,
    ...auth,
    jobTokens,
    now: clock.now,
    onUnavailable: log.warn,
  });
  const streams = new OwnerStreams(streamsPerOwner);
  const known = (caller: Caller) => (auth === undefined ? { ...caller, ownerId: OWNER } : caller);
  const makeContext = (caller: Caller, baseUrl: string) => createContext(services, known(caller), baseUrl);
  const baseUrlOf = (request: IncomingMessage) => publicUrl.baseUrlOf(request);
  const callbacks = new CallbackSubscriptions({ prefixes: callbackOrigins, log });
  const makeWrapped = (caller: Caller, baseUrl: string) =>
    wrapContext?.(() => makeContext(caller, baseUrl)) ?? makeContext(caller, baseUrl);
  const schema = createSchema({ federation: true, model: WAN_MODEL });
  const operations = new Operations({
    schema,
    introspection,
    trusted,
    createContext: makeWrapped,
    clock,
    hooks,
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
  const http = new GraphQLOverHttp({
    yoga,
    operations,
    authenticator,
    baseUrlOf,
    crossOrigin,
    hasTrustedDocuments: trusted !== null,
    upstream: 'public',
  });
  const webSockets = new WebSocketEndpoint({
    operations,
    authenticator,
    streams,
    maxOperations,
    baseUrlOf,
    clock,
    log,
  });
  const graphiql = introspection
    ? new GraphiQL({ sampleImageUrl: null, signIn: authenticator.required, upstream: 'public' })
    : null;
  const probe = () => watched.health();
  const server = resources.use(
    new HttpServer({
      host: '127.0.0.1',
      port: 0,
      graphql: { http, webSockets, callbacks, graphiql },
      console: null,
      media: null,
      upstream: 'public',
      crossOrigin,
      publicUrl,
      refusals: log,
      probe,
      log,
      idleGraceMs,
      ...(slowClientLimits === undefined ? {} : { slowClientLimits }),
      ...(times === undefined ? {} : { times }),
    }),
  );
  const url = await server.listen();

  const owned = resources.move();
  return {
    url,
    port: Number(new URL(url).port),
    store,
    clock,
    log,
    webSockets,
    stop: () => server[Symbol.asyncDispose](),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A log that keeps what it was told, in the forms that Yoga and pino use. */
export class GatewayLog {
  readonly errors: string[] = [];
  readonly infos: { readonly details: object; readonly message: string }[] = [];

  readonly debug = (): void => {};
  readonly info = (details: object, message = ''): void => {
    this.infos.push({ details, message });
  };
  readonly warn = (): void => {};
  readonly error = (...details: unknown[]): void => {
    this.errors.push(details.map((detail) => inspect(detail, { depth: 8 })).join(' '));
  };
}

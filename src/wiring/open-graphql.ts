import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { BlobStore } from '../archive/blob-store.ts';
import { readVideoData } from '../archive/video-data.ts';
import { JobTokenSecrets } from '../auth/job-token-secrets.ts';
import { JobTokens } from '../auth/job-tokens.ts';
import { openAuthenticator } from '../auth/open-authenticator.ts';
import type { Config } from '../config/config.ts';
import type { Caller } from '../domain/caller.ts';
import type { Clock } from '../domain/clock.ts';
import { newJobId } from '../domain/job/job-id.ts';
import { LOCAL_MEDIA_PATH, type LocalMedia } from '../domain/local-media.ts';
import { requestParser } from '../domain/request/video-request.ts';
import { emitFault } from '../events/emit-fault.ts';
import type { EventEmitter } from '../events/gateway-events.ts';
import { AnswerBudget } from '../graphql/answer-budget.ts';
import type { VideoUrls } from '../graphql/client-urls.ts';
import { createContext, type GraphQLContext, type GraphQLServices } from '../graphql/context.ts';
import { createSchema } from '../graphql/schema.ts';
import { OpenDocuments } from '../operations/open-documents.ts';
import { OperationEvents } from '../operations/operation-events.ts';
import type { OperationHook } from '../operations/operation.ts';
import { Operations } from '../operations/operations.ts';
import { PersistedQueries } from '../operations/persisted-queries.ts';
import { TrustedDocuments } from '../operations/trusted-documents.ts';
import { TurnQueue } from '../operations/work-queues.ts';
import type { Image, ImageHost, UploadOutcome } from '../providers/image-host.ts';
import { WAN_MODEL } from '../providers/segmind/facts.ts';
import type { SegmindAccount } from '../providers/segmind/segmind-account.ts';
import type { Storage } from '../store/storage.ts';
import { CallbackSubscriptions } from '../transports/callback/subscriptions.ts';
import type { PublicUrl } from '../transports/http/addresses/public-url.ts';
import { GraphQLOverHttp } from '../transports/http/graphql/graphql-over-http.ts';
import { createGraphQLYoga } from '../transports/http/graphql/yoga.ts';
import type { GraphQLEndpoints } from '../transports/http/http-server.ts';
import { GraphiQL } from '../transports/http/pages/graphiql/graphiql.ts';
import { UploadSlots } from '../transports/http/uploads/upload-slots.ts';
import { OwnerStreams } from '../transports/owner-streams.ts';
import { WebSocketEndpoint } from '../transports/websocket/endpoint.ts';
import type { WatchedJobs } from '../watching/watched-jobs.ts';
import type { WebhookTargets } from '../webhooks/targets.ts';
import type { OpenedUpstream } from './open-upstream.ts';

/** Parts of the GraphQL side that tests replace. */
export interface GraphQLOverrides {
  readonly answers?: AnswerBudget;
  readonly openDocuments?: OpenDocuments;
  readonly hooks?: readonly OperationHook[];
  readonly imageHost?: ImageHost;
  readonly wrapContext?: (make: () => GraphQLContext) => GraphQLContext;
}

/** Parts that the GraphQL side shares with the rest of the gateway. */
export interface GraphQLParts {
  readonly storage: Storage;
  /** Null: videos are not archived. */
  readonly archive: BlobStore | null;
  readonly upstream: OpenedUpstream;
  /** The account behind the API key. */
  readonly account: Pick<SegmindAccount, 'credits'>;
  readonly watchedJobs: WatchedJobs;
  readonly clock: Clock;
  /** The clock by which tokens expire. */
  readonly tokenClock: Clock;
  readonly localMedia: LocalMedia | null;
  readonly webhookTargets: WebhookTargets;
  /** Null without an archive. */
  readonly videoUrls: VideoUrls | null;
  readonly publicUrl: PublicUrl;
  readonly events: EventEmitter;
}

/** Wires the schema, the pipeline of operations and their transports. @throws SettingsFileError */
export function openGraphQL(
  config: Config,
  parts: GraphQLParts,
  overrides: GraphQLOverrides,
): GraphQLEndpoints {
  const { storage, upstream, clock, tokenClock, localMedia, videoUrls, publicUrl, events } = parts;
  const { trustedDocumentsFile, introspection, limits } = config;
  const { wrapContext = (make) => make() } = overrides;
  const jobTokens = new JobTokens(
    new JobTokenSecrets({ text: storage.jobTokenSecrets, now: () => clock.now(), randomBytes }),
  );
  const authenticator = openAuthenticator(config, jobTokens, tokenClock, events);
  const lookup =
    trustedDocumentsFile === null
      ? new PersistedQueries({ documents: storage.documents, events })
      : TrustedDocuments.read(trustedDocumentsFile);
  const streams = new OwnerStreams(limits.streamsPerOwner);
  const turns = new TurnQueue();
  const services = createServices(config, parts, jobTokens, turns, overrides);
  const callbacks = new CallbackSubscriptions({
    prefixes: config.callbackOrigins,
    now: () => clock.now(),
    events,
  });
  const baseUrlOf =
    localMedia === null && videoUrls === null
      ? () => ''
      : (request: IncomingMessage) => publicUrl.baseUrlOf(request);
  const schema = createSchema({ federation: config.federation, model: WAN_MODEL });
  const operations = new Operations({
    schema,
    introspection,
    lookup,
    createContext: (
      caller: Caller,
      baseUrl: string,
      lastEventId: number | null,
      traceparent: string | null,
    ) => wrapContext(() => createContext(services, caller, baseUrl, lastEventId, traceparent)),
    clock,
    hooks: [new OperationEvents(events, clock), ...(overrides.hooks ?? [])],
    open: overrides.openDocuments ?? new OpenDocuments(),
    turns,
    events,
  });
  const shared = { operations, authenticator, baseUrlOf };
  const yoga = createGraphQLYoga({
    ...shared,
    schema,
    streams,
    events,
    callbacks,
    uploads: new UploadSlots(),
    uploadRate: storage.uploadRate,
  });
  return {
    http: new GraphQLOverHttp({
      ...shared,
      yoga,
      upstream: upstream.kind,
      clock,
      events,
    }),
    callbacks,
    graphiql: introspection ? createGraphiQL(upstream, authenticator.required, baseUrlOf) : null,
    webSockets: new WebSocketEndpoint({
      ...shared,
      streams,
      maxOperations: limits.operationsPerSocket,
      clock: tokenClock,
      events,
    }),
  };
}

function createServices(
  config: Config,
  parts: GraphQLParts,
  jobTokens: JobTokens,
  turns: TurnQueue,
  overrides: GraphQLOverrides,
): GraphQLServices {
  const {
    storage,
    archive,
    upstream,
    account,
    watchedJobs,
    clock,
    tokenClock,
    localMedia,
    videoUrls,
    events,
  } = parts;
  const { imageHost = upstream.images, answers = new AnswerBudget(events) } = overrides;
  const { limits } = config;
  return {
    store: storage.store,
    events,
    cache: storage.cache,
    readVideoData: (jobId) => readVideoData(jobId, storage.store, archive),
    watchedJobs,
    clock,
    tokenClock,
    newJobId: (at, shard) => newJobId(at, randomBytes(16), shard),
    parseRequest: requestParser(WAN_MODEL),
    webhookRefusalOf: (url) => parts.webhookTargets.refusalOf(url),
    deliveries: storage.deliveries,
    operator: {
      backlog: storage.backlog,
      deliveries: storage.deliveries,
      budget: storage.budget,
      instances: storage.instances,
      actions: storage.operatorActions,
    },
    targetsOf: (job) => parts.webhookTargets.targetsOf(job),
    deadlineMs: config.jobDeadlineMs,
    upstream: { kind: upstream.kind, priceUsd: upstream.priceUsd, credits: () => account.credits() },
    privateImages: upstream.privateImages,
    localMedia,
    videoUrls,
    issueJobToken: (ownerId, jobId, now, expiresAt) => jobTokens.issue(ownerId, jobId, now, expiresAt),
    answers,
    nextTurn: () => turns.wait(),
    limits: {
      unfinished: limits.unfinishedJobs,
      unfinishedPerOwner: limits.unfinishedJobsPerOwner,
      perDay: limits.jobsPerDay,
      perDayPerOwner: limits.jobsPerDayPerOwner,
    },
    ownerRate: storage.ownerRate,
    uploadImage: (image) => upload(imageHost, image, config.segmindTimeoutMs, events),
  };
}

function createGraphiQL(
  { kind, sampleImagePath }: OpenedUpstream,
  signIn: boolean,
  baseUrlOf: (request: IncomingMessage) => string,
): GraphiQL {
  const sampleImageUrl =
    sampleImagePath === null
      ? null
      : (request: IncomingMessage) => `${baseUrlOf(request)}${LOCAL_MEDIA_PATH}${sampleImagePath}`;
  return new GraphiQL({ sampleImageUrl, signIn, upstream: kind });
}

/** An upload ends with its time limit, or when the host is disposed. */
async function upload(
  host: ImageHost,
  image: Image,
  timeoutMs: number,
  events: EventEmitter,
): Promise<UploadOutcome> {
  const outcome = await host.upload(image, { timeoutMs, signal: new AbortController().signal });
  if (outcome.type === 'failed')
    emitFault(events, 'server', 'warn', 'an image could not be uploaded', { reason: outcome.reason });
  return outcome;
}

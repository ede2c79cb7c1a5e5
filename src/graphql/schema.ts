import type { GraphQLSchema } from 'graphql';
import type { VideoModel } from '../domain/request/video-request.ts';
import { type Builder, createBuilder } from './builder.ts';
import { defineFederation, printSubgraph } from './federation.ts';
import { defineCancelVideoJob } from './mutations/cancel-video-job.ts';
import { defineDeleteVideoJob } from './mutations/delete-video-job.ts';
import { defineGenerateVideo, type GenerateVideoOptions } from './mutations/generate-video.ts';
import { defineJobToken } from './mutations/job-token.ts';
import { defineRedeliverWebhook } from './mutations/redeliver-webhook.ts';
import { defineUploadImage } from './mutations/upload-image.ts';
import { defineVideoJobNotFound, type VideoJobNotFoundRef } from './mutations/video-job-not-found.ts';
import { defineNode } from './node.ts';
import { defineQuery } from './query.ts';
import { defineGatewayJob } from './status/gateway-job.ts';
import { defineGatewayStatus } from './status/gateway-status.ts';
import { defineReleaseQuarantinedRecord } from './status/release-quarantined-record.ts';
import { defineRetryVideoJobNow } from './status/retry-video-job-now.ts';
import { defineSubscription } from './subscription.ts';
import { defineUpstream } from './types/upstream.ts';
import { defineVideoJob, type VideoJobTypes } from './types/video-job.ts';

/** What the schema is made for. */
export interface SchemaOptions {
  /** Whether routers can use it as a subgraph. */
  readonly federation: boolean;
  /** Its parameters become those of `generateVideo`. */
  readonly model: VideoModel;
}

/** The executable schema. `schema/schema.graphql` is its print without federation. */
export function createSchema({ federation, model }: SchemaOptions): GraphQLSchema {
  const builder = createBuilder();
  const types = defineJobs(builder, { model, uploads: true });
  defineUploadImage(builder);
  defineOperatorFields(builder, types.NotFound);
  defineNode(builder, types);
  if (federation) defineFederation(builder, types, subgraphSdl(model));
  return builder.toSchema();
}

/** What routers compose, as `schema/subgraph.graphql` has it: the part of the executable schema that they can use. */
export function subgraphSdl(model: VideoModel): string {
  const builder = createBuilder();
  defineJobs(builder, { model, uploads: false });
  return printSubgraph(builder.toSchema());
}

/** Adds what direct clients and routers have in common. */
function defineJobs(
  builder: Builder,
  options: GenerateVideoOptions,
): VideoJobTypes & { readonly NotFound: VideoJobNotFoundRef } {
  const types = defineVideoJob(builder, options.model);
  defineQuery(builder, types);
  defineUpstream(builder);
  defineGenerateVideo(builder, types, options);
  const NotFound = defineVideoJobNotFound(builder);
  defineCancelVideoJob(builder, types, NotFound);
  defineDeleteVideoJob(builder, types, NotFound);
  defineRedeliverWebhook(builder, types.WebhookDelivery);
  defineJobToken(builder);
  defineSubscription(builder, types);
  return { ...types, NotFound };
}

/** Adds what is for callers with the scope `gateway:admin`. It is about this gateway, so a supergraph has no use for it. */
function defineOperatorFields(builder: Builder, NotFound: VideoJobNotFoundRef): void {
  const jobTypes = defineGatewayJob(builder);
  defineGatewayStatus(builder, jobTypes);
  defineReleaseQuarantinedRecord(builder, NotFound);
  defineRetryVideoJobNow(builder, jobTypes, NotFound);
}

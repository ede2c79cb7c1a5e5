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
import { defineVideoJobNotFound } from './mutations/video-job-not-found.ts';
import { defineNode } from './node.ts';
import { defineQuery } from './query.ts';
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
function defineJobs(builder: Builder, options: GenerateVideoOptions): VideoJobTypes {
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
  return types;
}

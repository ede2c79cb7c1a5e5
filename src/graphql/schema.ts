import type { GraphQLSchema } from 'graphql';
import type { VideoModel } from '../domain/request/video-request.ts';
import { createBuilder } from './builder.ts';
import { defineFederation, printSubgraph } from './federation.ts';
import { defineGenerateVideo } from './mutations/generate-video.ts';
import { defineJobToken } from './mutations/job-token.ts';
import { defineUploadImage } from './mutations/upload-image.ts';
import { defineQuery } from './query.ts';
import { defineSubscription } from './subscription.ts';
import { defineVideoJob } from './types/video-job.ts';

/** What the schema is made for. */
export interface SchemaOptions {
  /** Whether routers can use it as a subgraph. */
  readonly federation: boolean;
  /** Its parameters become those of `generateVideo`. */
  readonly model: VideoModel;
}

/**
 * The executable schema. `schema/schema.graphql` is its print without federation, `schema/subgraph.graphql` what
 * routers compose.
 */
export function createSchema({ federation, model }: SchemaOptions): GraphQLSchema {
  const builder = createBuilder();
  const types = defineVideoJob(builder, model);
  defineQuery(builder, types);
  defineGenerateVideo(builder, types, model);
  defineJobToken(builder);
  defineUploadImage(builder);
  defineSubscription(builder, types);
  if (federation) defineFederation(builder, types, printSubgraph(createSchema({ federation: false, model })));
  return builder.toSchema();
}

import type { GraphQLSchema } from 'graphql';
import { createBuilder } from './builder.ts';
import { defineFederation, printSubgraph } from './federation.ts';
import { defineJobToken } from './job-token.ts';
import { defineMutation } from './mutation.ts';
import { defineQuery } from './query.ts';
import { defineSubscription } from './subscription.ts';
import { defineUploadImage } from './upload-image.ts';
import { defineVideoJob } from './video-job-type.ts';

/** What the schema is made for. */
export interface SchemaOptions {
  /** Whether routers can use it as a subgraph. */
  readonly federation: boolean;
}

/**
 * The executable schema. `schema/schema.graphql` is its print without federation, `schema/subgraph.graphql` what
 * routers compose.
 */
export function createSchema({ federation }: SchemaOptions): GraphQLSchema {
  const builder = createBuilder();
  const types = defineVideoJob(builder);
  defineQuery(builder, types);
  defineMutation(builder, types);
  defineJobToken(builder);
  defineUploadImage(builder);
  defineSubscription(builder, types);
  if (federation) defineFederation(builder, types, printSubgraph(createSchema({ federation: false })));
  return builder.toSchema();
}

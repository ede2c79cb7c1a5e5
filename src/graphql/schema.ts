import type { GraphQLSchema } from 'graphql';
import { createBuilder } from './builder.ts';
import { defineMutation } from './mutation.ts';
import { defineQuery } from './query.ts';
import { defineSubscription } from './subscription.ts';
import { defineVideoJob } from './video-job-type.ts';

/** The executable schema. `schema/schema.graphql` is its print. */
export function createSchema(): GraphQLSchema {
  const builder = createBuilder();
  const types = defineVideoJob(builder);
  defineQuery(builder, types);
  defineMutation(builder, types);
  defineSubscription(builder, types);
  return builder.toSchema();
}

import SchemaBuilder from '@pothos/core';
import RelayPlugin from '@pothos/plugin-relay';
import { DateTimeResolver } from 'graphql-scalars';
import type { GraphQLContext } from './context.ts';
import { UrlScalar } from './scalars.ts';

/** A builder with the schema's conventions; each `define…` function adds its part to it. */
export type Builder = ReturnType<typeof createBuilder>;

/** Fields are non-null unless they say otherwise. */
export function createBuilder() {
  const builder = new SchemaBuilder<{
    Context: GraphQLContext;
    DefaultFieldNullability: false;
    DefaultEdgesNullability: false;
    DefaultNodeNullability: false;
    Scalars: {
      ID: { Input: string; Output: string };
      URL: { Input: string; Output: string };
      DateTime: { Input: Date; Output: Date };
    };
  }>({
    plugins: [RelayPlugin],
    defaultFieldNullability: false,
    relay: {
      nodeQueryOptions: false,
      nodesQueryOptions: false,
      nodesOnConnection: { description: 'The jobs of this page, without their cursors.' },
      edgesFieldOptions: {
        nullable: false,
        description: 'The jobs of this page, each with its cursor.',
      },
      nodeFieldOptions: { nullable: false, description: 'The job.' },
      pageInfoTypeOptions: { description: 'Where a page stands among all.' },
      cursorFieldOptions: { description: 'Marks this place in the list, for `after` and `before`.' },
      pageInfoFieldOptions: { description: 'Whether there is more, and from where.' },
    },
  });
  builder.addScalarType('URL', UrlScalar);
  builder.addScalarType('DateTime', DateTimeResolver, {
    description: 'A point in time, RFC 3339 in UTC with milliseconds: `2026-01-31T12:00:00.000Z`.',
  });
  return builder;
}

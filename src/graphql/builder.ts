import SchemaBuilder from '@pothos/core';
import RelayPlugin from '@pothos/plugin-relay';
import type { GraphQLContext } from './context.ts';
import { DateTimeScalar, UrlScalar, type UploadedFile } from './types/scalars.ts';

/** Jobs in a page by default, and at most. */
export const DEFAULT_PAGE = 20;
export const MAX_PAGE = 100;

/** Marks fields that a router's contract can hide from public clients. */
export const INTERNAL = { directives: { tag: { name: 'internal' } } };
/** Marks a type whose fields another subgraph may `@provides`, such as one that stores the final states of jobs. */
export const SHAREABLE = { directives: { shareable: {} } };

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
      DateTime: { Input: Date; Output: number };
      File: { Input: UploadedFile; Output: never };
      _Any: { Input: unknown; Output: unknown };
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
      pageInfoTypeOptions: {
        description: 'Where a page is among all entries.',
        extensions: SHAREABLE,
      },
      hasNextPageFieldOptions: { description: 'Whether there are more entries after `endCursor`.' },
      hasPreviousPageFieldOptions: { description: 'Whether there are more entries before `startCursor`.' },
      startCursorFieldOptions: { description: 'The cursor of the first entry; null when the page is empty.' },
      endCursorFieldOptions: { description: 'The cursor of the last entry; null when the page is empty.' },
      firstArgOptions: {
        description: `How many jobs after \`after\`: 1 to ${MAX_PAGE}, ${DEFAULT_PAGE} by default.`,
      },
      afterArgOptions: { description: 'The cursor after which the page starts: older jobs.' },
      lastArgOptions: { description: `How many jobs before \`before\`: 1 to ${MAX_PAGE}.` },
      beforeArgOptions: { description: 'The cursor before which the page ends: newer jobs.' },
      cursorFieldOptions: { description: 'Marks this place in the list, for `after` and `before`.' },
      pageInfoFieldOptions: { description: 'Whether there is more, and from where.' },
    },
  });
  builder.addScalarType('URL', UrlScalar);
  builder.addScalarType('DateTime', DateTimeScalar, {
    description: 'A point in time, RFC 3339 in UTC with milliseconds: `2026-01-31T12:00:00.000Z`.',
  });
  return builder;
}

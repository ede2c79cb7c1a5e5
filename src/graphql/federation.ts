import { getDocumentNodeFromSchema } from '@graphql-tools/utils';
import { type GraphQLSchema, lexicographicSortSchema, print } from 'graphql';
import type { Builder } from './builder.ts';
import { badInput, tooManyEntities } from './errors.ts';
import type { VideoJobTypes } from './types/video-job.ts';

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@tag", "@cost", "@listSize", "@inaccessible"])';

/**
 * What composition reads: the schema with the directives that its types and fields have in `extensions.directives`.
 *
 * @param schema one without the fields for routers, which composition adds itself
 */
export function printSubgraph(schema: GraphQLSchema): string {
  const document = getDocumentNodeFromSchema(lexicographicSortSchema(schema), {
    pathToDirectivesInExtensions: ['directives'],
  });
  return `${LINK}\n\n${print(document)}\n`;
}

/**
 * Adds what a router asks of a subgraph: `_service` and `_entities`.
 *
 * @param sdl see printSubgraph
 */
export function defineFederation(builder: Builder, { VideoJob }: VideoJobTypes, sdl: string): void {
  builder.scalarType('_Any', {
    description: 'A representation of an entity: its `__typename` and its key.',
    serialize: (value) => value,
  });

  const Service = builder.objectRef<{ sdl: string }>('_Service').implement({
    description: 'What a router’s composition reads.',
    fields: (t) => ({
      sdl: t.exposeString('sdl', {
        description: 'The schema as a subgraph.',
        extensions: { maxBytes: 2 * sdl.length },
      }),
    }),
  });

  const Entity = builder.unionType('_Entity', {
    description: 'What other subgraphs can refer to by its key.',
    types: [VideoJob],
    resolveType: () => VideoJob,
  });

  builder.queryFields((t) => ({
    _service: t.field({
      type: Service,
      description: 'For routers: this subgraph.',
      resolve: () => ({ sdl }),
    }),
    _entities: t.field({
      type: [Entity],
      nullable: { list: false, items: true },
      description:
        'For routers: entities by their keys, in that order; null for one that is unknown, forgotten, or somebody else’s. Those for which the answer has no room are null with an error at their place.',
      args: {
        representations: t.arg({
          type: ['_Any'],
          required: true,
          description: 'Such as `{ __typename: "VideoJob", id: "…" }`.',
        }),
      },
      // One that is wrong, or one too many, is an error in its place and spares the others.
      resolve: (_, { representations }, { jobs, answer: { maxEntities } }) => {
        const refused = tooManyEntities(representations.length, maxEntities);
        return representations.map(async (representation, index) => {
          if (index >= maxEntities) throw refused;
          return jobs.load(jobIdOf(representation, index));
        });
      },
    }),
  }));
}

function jobIdOf(representation: unknown, index: number): string {
  if (isJobRepresentation(representation)) return representation.id;
  throw badInput(`\`representations[${index}]\` must be { __typename: "VideoJob", id: "…" }.`);
}

function isJobRepresentation(value: unknown): value is { id: string } {
  if (typeof value !== 'object' || value === null || !('id' in value)) return false;
  const typeName: unknown = Reflect.get(value, '__typename');
  return typeName === 'VideoJob' && typeof value.id === 'string';
}

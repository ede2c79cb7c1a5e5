import { getDocumentNodeFromSchema } from '@graphql-tools/utils';
import {
  type GraphQLSchema,
  lexicographicSortSchema,
  type ObjectTypeDefinitionNode,
  print,
  visit,
} from 'graphql';
import type { Builder } from './builder.ts';
import { badInput, tooManyEntities } from './errors.ts';
import type { VideoJobTypes } from './types/video-job.ts';

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@tag", "@cost", "@listSize"])';

/**
 * Prints the schema for composition, with the directives that types and fields have in `extensions.directives`. The root types
 * have no descriptions: composition would make them those of the whole supergraph.
 *
 * @param schema only what routers can use, without `_service` and `_entities`: composition adds these
 */
export function printSubgraph(schema: GraphQLSchema): string {
  const document = getDocumentNodeFromSchema(lexicographicSortSchema(schema), {
    pathToDirectivesInExtensions: ['directives'],
  });
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const rootNames = new Set(roots.map((type) => type?.name));
  const subgraph = visit(document, {
    ObjectTypeDefinition: (type) =>
      rootNames.has(type.name.value) ? { ...type, description: undefined } : withShareableFields(type),
  });
  return `${LINK}\n\n${print(subgraph)}\n`;
}

/**
 * Moves `@shareable` from a type to its fields. It means the same, but Grafbase demands all fields of a shareable type in every
 * subgraph that refers to the type.
 */
function withShareableFields({
  directives = [],
  fields = [],
  ...type
}: ObjectTypeDefinitionNode): ObjectTypeDefinitionNode {
  const shareable = directives.filter(({ name }) => name.value === 'shareable');
  return {
    ...type,
    directives: directives.filter((directive) => !shareable.includes(directive)),
    fields: fields.map((field) => ({ ...field, directives: [...(field.directives ?? []), ...shareable] })),
  };
}

/**
 * Adds the fields that a router queries: `_service` and `_entities`.
 *
 * @param sdl see printSubgraph
 */
export function defineFederation(builder: Builder, { VideoJob }: VideoJobTypes, sdl: string): void {
  builder.scalarType('_Any', {
    description: 'A representation of an entity: its `__typename` and its key.',
    serialize: (value) => value,
  });

  const Service = builder.objectRef<{ sdl: string }>('_Service').implement({
    description: 'For routers: the subgraph, for composition.',
    fields: (t) => ({
      sdl: t.exposeString('sdl', {
        description: 'The schema as a subgraph.',
        extensions: { maxBytes: 2 * sdl.length },
      }),
    }),
  });

  const Entity = builder.unionType('_Entity', {
    description: 'The types that other subgraphs can refer to by their keys.',
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
        'For routers: entities by their keys, in that order; null for one that is unknown, deleted, or another owner’s. Entities that do not fit into the answer are null with an error at their place.',
      args: {
        representations: t.arg({
          type: ['_Any'],
          required: true,
          description: 'Such as `{ __typename: "VideoJob", id: "…" }`.',
        }),
      },
      // A wrong representation, or one too many, is an error at its place; the others are answered.
      resolve: (_, { representations }, { jobs, answer: { maxEntities }, entityTurns }) => {
        const refused = tooManyEntities(representations.length, maxEntities);
        return representations.map(async (representation, index) => {
          await entityTurns.next();
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

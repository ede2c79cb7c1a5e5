import { readdirSync, readFileSync } from 'node:fs';
import {
  type ASTNode,
  buildASTSchema,
  buildSchema,
  findBreakingChanges,
  type GraphQLNamedType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isSpecifiedScalarType,
  isIntrospectionType,
  isTypeDefinitionNode,
  Kind,
  lexicographicSortSchema,
  parse,
  print,
  printSchema,
  validate,
  visit,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { createSchema, subgraphSdl } from '../../src/graphql/schema.ts';
import { WAN_MODEL } from '../../src/providers/segmind/facts.ts';

const schema = createSchema({ federation: false, model: WAN_MODEL });
const forRouters = createSchema({ federation: true, model: WAN_MODEL });
const subgraph = readFileSync('schema/subgraph.graphql', 'utf8');
const OPERATIONS = 'schema/operations';
const documents = readdirSync(OPERATIONS).filter((name) => name.endsWith('.graphql'));

describe('the schema', () => {
  it('is printed in schema/schema.graphql', () => {
    const committed = readFileSync('schema/schema.graphql', 'utf8');
    expect(committed).toBe(`${printSchema(lexicographicSortSchema(schema))}\n`);
  });

  it('has additional fields for routers', () => {
    const added = Object.keys(forRouters.getTypeMap()).filter((name) => schema.getType(name) === undefined);
    expect(added.toSorted()).toEqual(['_Any', '_Entity', '_Service']);
    const fields = Object.keys(forRouters.getQueryType()?.getFields() ?? {});
    expect(fields.filter((name) => name.startsWith('_')).toSorted()).toEqual(['_entities', '_service']);
    expect(schema.getQueryType()?.getFields()).not.toHaveProperty('_service');
  });

  it('is the public contract', () => {
    const contract = buildSchema(readFileSync('test/graphql/contract.graphql', 'utf8'));
    expect(bare(schema)).toBe(bare(contract));
  });

  const types = Object.values(forRouters.getTypeMap()).filter(
    (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
  );
  it.each(types)('%s and its fields are described', (type) => {
    const silent = describedParts(type).filter(([, description]) => (description ?? '').trim() === '');
    expect(silent.map(([name]) => name)).toEqual([]);
  });
});

describe('the subgraph', () => {
  it('is printed in schema/subgraph.graphql', () => {
    expect(subgraphSdl(WAN_MODEL)).toBe(subgraph);
  });

  it('has all of the schema but uploads, nodes and what is for operators', () => {
    const inSubgraph = typesOf(subgraph);
    const left = [...typesOf(printSchema(schema)).keys()].filter((name) => !inSubgraph.has(name));
    const others = left.filter((name) => !/^Gateway|^Re(?:tryVideoJobNow|leaseQuarantined)/.test(name));
    expect(others.toSorted()).toEqual(['File', 'Node', 'UploadedImage']);
    expect(subgraph).not.toMatch(
      /\b(?:uploadImage|node\(|nodes\(|implements Node|gatewayStatus|retryVideoJobNow|releaseQuarantined)/,
    );
    expect(subgraph).not.toContain('@inaccessible');
  });

  it('has fields and arguments as the schema has them, so a router’s operations are valid', () => {
    const composed = buildASTSchema(parse(subgraph), { assumeValidSDL: true });
    expect(composed.getQueryType()?.getFields()).toHaveProperty('videoJob');
    expect(findBreakingChanges(composed, schema)).toEqual([]);
  });

  it('names only its own types, fields and arguments in descriptions', () => {
    const names = new Set<string>();
    const named: string[] = [];
    visit(parse(subgraph), {
      Name: ({ value }) => void names.add(value),
      StringValue: ({ value }) => void named.push(...(value.match(/(?<=`)[a-z]\w*(?=`)/gi) ?? [])),
    });
    expect(named).toContain('videoJobUpdated');
    // Codes of errors are values, not names.
    expect(named.filter((name) => !names.has(name) && !/^[A-Z_]+$/.test(name))).toEqual([]);
  });

  it('does not describe the root types, as they are the whole supergraph’s', () => {
    const described = typesOf(subgraph);
    for (const root of ['Query', 'Mutation', 'Subscription']) expect(described.get(root)).toBeUndefined();
    expect(described.get('VideoJob')).toBeDefined();
  });

  it('lets other subgraphs provide the fields of jobs', () => {
    expect(typesWithSharedFields(subgraph)).toEqual([
      'GeneratedVideo',
      'PageInfo',
      'VideoJob',
      'VideoJobFailure',
      'VideoJobMetrics',
      'VideoJobRequest',
      'WebhookDelivery',
    ]);
  });
});

describe('the operations in schema/operations', () => {
  it.each(documents)('%s is valid', (name) => {
    const document = parse(readFileSync(`${OPERATIONS}/${name}`, 'utf8'));
    expect(validate(schema, document)).toEqual([]);
  });

  it('use every root field and every field of a job', () => {
    const used = new Set<string>();
    for (const name of documents) {
      visit(parse(readFileSync(`${OPERATIONS}/${name}`, 'utf8')), {
        Field: ({ name: field }) => void used.add(field.value),
      });
    }
    const { Query, Mutation, Subscription, VideoJob } = schema.getTypeMap();
    const fields = [Query, Mutation, Subscription, VideoJob].flatMap((type) =>
      isObjectType(type) ? Object.keys(type.getFields()) : [],
    );
    expect([...used]).toEqual(expect.arrayContaining(fields));
  });

  it.each(readdirSync(OPERATIONS).filter((name) => name.endsWith('.variables.json')))(
    '%s is JSON',
    (name) => {
      const variables: unknown = JSON.parse(readFileSync(`${OPERATIONS}/${name}`, 'utf8'));
      expect(variables).toBeTypeOf('object');
      expect(documents).toContain(name.replace('.variables.json', '.graphql'));
    },
  );
});

/** The descriptions of a document's types, by their names. */
function typesOf(sdl: string): ReadonlyMap<string, string | undefined> {
  return new Map(
    parse(sdl)
      .definitions.filter(isTypeDefinitionNode)
      .map(({ name, description }) => [name.value, description?.value]),
  );
}

/** The types of which all fields are shareable. */
function typesWithSharedFields(sdl: string): string[] {
  return parse(sdl)
    .definitions.filter((definition) => definition.kind === Kind.OBJECT_TYPE_DEFINITION)
    .filter(({ fields = [] }) =>
      fields.every(({ directives = [] }) => directives.some(({ name }) => name.value === 'shareable')),
    )
    .map(({ name }) => name.value);
}

/** A schema's print, sorted and without descriptions. */
function bare(of: GraphQLSchema): string {
  const document = parse(printSchema(lexicographicSortSchema(of)));
  return print(visit(document, { enter: withoutDescription }));
}

function withoutDescription(node: ASTNode): object | undefined {
  return 'description' in node ? { ...node, description: undefined } : undefined;
}

function describedParts(type: GraphQLNamedType): [name: string, description: string | null | undefined][] {
  const own: ReturnType<typeof describedParts> = [[type.name, type.description]];
  if (isEnumType(type)) own.push(...type.getValues().map(part(type.name)));
  if (isInputObjectType(type)) own.push(...Object.values(type.getFields()).map(part(type.name)));
  if (isObjectType(type) || isInterfaceType(type)) {
    for (const field of Object.values(type.getFields())) {
      own.push(part(type.name)(field), ...field.args.map(part(`${type.name}.${field.name}`)));
    }
  }
  return own;
}

function part(owner: string) {
  return ({
    name,
    description,
  }: {
    name: string;
    description?: string | null | undefined;
  }): [string, string | null | undefined] => [`${owner}.${name}`, description];
}

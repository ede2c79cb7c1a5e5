import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import {
  buildSchema,
  getNamedType,
  type GraphQLField,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  isInterfaceType,
  isObjectType,
} from 'graphql';

/** The body of a POST; it may be invalid. */
export interface RandomRequest {
  readonly query: string;
  readonly variables: unknown;
  readonly operationName: unknown;
}

const schema = buildSchema(readFileSync('schema/schema.graphql', 'utf8'));
const MAX_DEPTH = 4;
const TIME = '2026-01-01T00:00:00Z';

/** Usually an empty text; sometimes one of these. */
function rarely(...texts: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 40, arbitrary: fc.constant('') },
    { weight: 1, arbitrary: fc.constantFrom(...texts) },
  );
}

/** A selection set: fields with aliases, conditions and fragments, and sometimes an unknown field. */
function selection(type: Selectable, depth: number): fc.Arbitrary<string> {
  const fields = Object.values(type.getFields()).filter(
    (field) => depth < MAX_DEPTH || !isSelectable(getNamedType(field.type)),
  );
  const ofInterfaces = type.getInterfaces().map(({ name }) => `... on ${name} { __typename }`);
  const one: fc.Arbitrary<string> = fc.oneof(
    { weight: 200, arbitrary: fc.constantFrom(...fields).chain((field) => fieldText(field, depth)) },
    {
      weight: 10,
      arbitrary: fc.constantFrom('__typename', 'kind: __typename', '__proto__: __typename', ...ofInterfaces),
    },
    { weight: 1, arbitrary: fc.constantFrom('nothing', 'id: version', 'id { version }', '...Missing', '') },
  );
  const many = fc
    .array(one, { minLength: 1, maxLength: 6 })
    // Unique aliases, because fields with one response name must have equal arguments.
    .map((texts) => texts.map((text, index) => text.replace('ALIAS', `f${index}`)).join(' '));
  return fc.oneof(
    { weight: 6, arbitrary: many },
    { weight: 1, arbitrary: many.map((text) => `... on ${type.name} { ${text} }`) },
    ...possibleTypes(type).map((possible) => ({
      weight: 12,
      arbitrary: selection(possible, depth).map((text) => `... on ${possible.name} { ${text} }`),
    })),
  );
}

type Selectable = GraphQLObjectType | GraphQLInterfaceType;

function isSelectable(type: unknown): type is Selectable {
  return isObjectType(type) || isInterfaceType(type);
}

function possibleTypes(type: Selectable): readonly Selectable[] {
  return isInterfaceType(type) ? schema.getPossibleTypes(type) : [];
}

function fieldText(field: GraphQLField<unknown, unknown>, depth: number): fc.Arbitrary<string> {
  const type = getNamedType(field.type);
  const inner = isSelectable(type)
    ? selection(type, depth + 1).map((text) => ` { ${text} }`)
    : fc.constant('');
  return fc
    .tuple(
      fc.constantFrom(...(isSelectable(type) ? ['ALIAS: '] : ['', '', '', 'ALIAS: '])),
      argumentsOf(field.name),
      rarely(' @include(if: $yes)', ' @skip(if: $yes)', ' @skip(if: false)'),
      inner,
    )
    .map(([alias, args, condition, body]) => `${alias}${field.name}${args}${condition}${body}`);
}

function argumentsOf(name: string): fc.Arbitrary<string> {
  if (name === 'nodes') return fc.constantFrom('(ids: [$id])', '(ids: [$id, "unknown"])', '(ids: [])');
  if (name === 'videoJob' || name === 'node')
    return fc.constantFrom('(id: $id)', '(id: $id)', '(id: $id)', '(id: "unknown")');
  if (name !== 'videoJobs') return fc.constant('');
  return fc.constantFrom(
    '',
    '(first: 2)',
    '(first: $first)',
    '(last: $first, status: [FAILED])',
    '(status: $status)',
    '(first: 2, after: $id)',
    '(status: $status)',
    '(filter: $filter)',
    '(filter: { createdAfter: $time, status: $status })',
  );
}

const TYPES = {
  id: ['ID!'],
  yes: ['Boolean! = true', 'Boolean!'],
  first: ['Int', 'Int = 1'],
  status: ['[VideoJobStatus!]', '[VideoJobStatus!] = [COMPLETED]'],
  filter: ['VideoJobFilter', `VideoJobFilter = { createdAfter: "${TIME}" }`],
  time: ['DateTime', `DateTime = "${TIME}"`],
} as const;

/** Declares the used variables, and sometimes another one. */
function withHead(text: string): fc.Arbitrary<string> {
  const used = Object.entries(TYPES).filter(([name]) => text.includes(`$${name}`));
  return fc
    .tuple(fc.nat(1), fc.constantFrom(...Array.from({ length: 9 }, () => ''), ' $more: Int'))
    .map(([choice, more]) => {
      const declared = used.map(([name, types]) => `$${name}: ${types[choice % types.length]}`).join(', ');
      return `query Q${declared + more === '' ? '' : `(${declared}${more})`} { ${text} }`;
    });
}

/** @param ids of existing jobs */
export function randomRequests(ids: readonly string[]): fc.Arbitrary<RandomRequest> {
  const root = schema.getQueryType();
  if (root == null) throw new Error('The schema has no queries.');
  const query = fc
    .tuple(selection(root, 0).chain(withHead), rarely(' query Other { __typename }'))
    .map(([text, other]) => `${text}${other}`);
  const spoilt = fc.tuple(query, fc.nat({ max: 200 })).map(([text, at]) => text.slice(0, at));
  return fc.record({
    query: fc.oneof({ weight: 12, arbitrary: query }, { weight: 1, arbitrary: spoilt }),
    variables: fc.oneof(
      {
        weight: 10,
        arbitrary: fc.record(
          {
            id: fc.constantFrom<unknown>(...ids, ...ids, ...ids, ...ids, 'unknown', 7, 1.5, null),
            yes: fc.constantFrom<unknown>(true, false, true, false, true, 'yes', null),
            first: fc.constantFrom<unknown>(1, 2, 3, 100, 101, '2', null),
            status: fc.constantFrom<unknown>(['QUEUED'], 'FAILED', ['FAILED', 'COMPLETED'], ['LOST'], null),
            filter: fc.constantFrom<unknown>(
              { createdAfter: TIME },
              { createdBefore: 'x' },
              { nope: 1 },
              null,
            ),
            time: fc.constantFrom<unknown>(TIME, 'x', 5, null),
            more: fc.constantFrom<unknown>(1, { deep: ['er'] }),
          },
          { requiredKeys: ['id', 'yes'] },
        ),
      },
      { weight: 1, arbitrary: fc.constantFrom<unknown>(undefined, null, [], 'text', 7) },
    ),
    operationName: fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom<unknown>(undefined, 'Q') },
      { weight: 1, arbitrary: fc.constantFrom<unknown>(null, 'Other', 'Nobody', 7) },
    ),
  });
}

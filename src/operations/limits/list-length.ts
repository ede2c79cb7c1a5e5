import {
  type ConstValueNode,
  type FieldNode,
  getNullableType,
  type GraphQLField,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type ValueNode,
  type VariableDefinitionNode,
} from 'graphql';
import { DEFAULT_PAGE, MAX_PAGE } from '../../graphql/builder.ts';

/** A length that depends on the variables of the operation. */
export interface VariableLength {
  readonly max: number;
  readonly of: (variables: Readonly<Record<string, unknown>>) => number;
  /** Whether surplus entries can be refused one by one: only those of `_entities`. */
  readonly isDivisible: boolean;
}

/** Default values of an operation's variables. */
export type Defaults = ReadonlyMap<string, ConstValueNode>;

export function defaultsOf(definitions: readonly VariableDefinitionNode[]): Defaults {
  const defaults = new Map<string, ConstValueNode>();
  for (const { variable, defaultValue } of definitions)
    if (defaultValue !== undefined) defaults.set(variable.name.value, defaultValue);
  return defaults;
}

/** The length of an `_entities` list inside another list, which no schema has. */
const MAX_ENTITIES = 1000;

/** The length of a page by `first` or `last`, of `_entities` by its representations, of `nodes` by its ids; else `extensions.maxLength`, or 1. */
export function listLength(
  field: GraphQLField<unknown, unknown>,
  { arguments: given = [] }: FieldNode,
  defaults: Defaults,
): number | VariableLength {
  const takes = (name: string) => field.args.some((argument) => argument.name === name);
  const valueOf = (name: string) => given.find((argument) => argument.name.value === name)?.value;
  if (takes('representations')) {
    return { max: MAX_ENTITIES, isDivisible: true, of: entriesOf(valueOf('representations'), defaults) };
  }
  if (takes('ids')) {
    // A longer list is refused when it is resolved.
    const entries = entriesOf(valueOf('ids'), defaults);
    return { max: MAX_PAGE, isDivisible: false, of: (variables) => Math.min(entries(variables), MAX_PAGE) };
  }
  if (!takes('first')) {
    const { maxLength } = field.extensions;
    return typeof maxLength === 'number' ? maxLength : 1;
  }
  const sizes = [valueOf('first'), valueOf('last')].map((value) => {
    if (value?.kind !== Kind.VARIABLE) return () => literalPage(value);
    const { value: name } = value.name;
    const byDefault = literalPage(defaults.get(name));
    return (variables: Readonly<Record<string, unknown>>) =>
      variables[name] === undefined ? byDefault : pageOf(variables[name]);
  });
  const of = (variables: Readonly<Record<string, unknown>>) => {
    const asked = sizes.map((size) => size(variables)).filter((size) => size !== null);
    return asked.length === 0 ? DEFAULT_PAGE : Math.max(...asked);
  };
  const isFixed = ![valueOf('first'), valueOf('last')].some((value) => value?.kind === Kind.VARIABLE);
  return isFixed ? of({}) : { max: MAX_PAGE, isDivisible: false, of };
}

function literalLength(
  value: { readonly kind: Kind; readonly values?: readonly unknown[] } | undefined,
): number {
  if (value === undefined || value.kind === Kind.NULL) return 0;
  return value.kind === Kind.LIST ? (value.values?.length ?? 0) : 1;
}

/** The number of entries in the argument with this value. */
function entriesOf(value: ValueNode | undefined, defaults: Defaults): VariableLength['of'] {
  if (value?.kind !== Kind.VARIABLE) {
    const length = literalLength(value);
    return () => length;
  }
  const { value: name } = value.name;
  const byDefault = literalLength(defaults.get(name));
  return (variables) => {
    const given = variables[name];
    if (given === undefined) return byDefault;
    if (given === null) return 0;
    return Array.isArray(given) ? given.length : 1;
  };
}

/** Null counts as absent. */
function literalPage(value: { readonly kind: Kind; readonly value?: unknown } | undefined): number | null {
  if (value === undefined || value.kind === Kind.NULL) return null;
  return pageOf(value.kind === Kind.INT ? Number(value.value) : MAX_PAGE);
}

function pageOf(value: unknown): number | null {
  if (value === null) return null;
  return typeof value === 'number' ? Math.min(Math.max(value, 0), MAX_PAGE) : MAX_PAGE;
}

/**
 * The length of an introspection list: the longest or the average of the schema.
 *
 * @param among whether the lists of all types are selected, as in `__schema { types { fields } }`; then the average counts
 */
export function introspectionLength(
  schema: GraphQLSchema,
  { name, type }: GraphQLField<unknown, unknown>,
  among: boolean,
): number {
  // Few types are wrapped, and fewer are wrapped twice.
  if (name === 'ofType') return 0.5;
  if (!isListType(getNullableType(type))) return 1;
  const lengths = lengthsIn(schema).get(name) ?? [1];
  return among ? lengths.reduce((sum, length) => sum + length, 0) / lengths.length : Math.max(...lengths);
}

const known = new WeakMap<GraphQLSchema, ReadonlyMap<string, readonly number[]>>();

function lengthsIn(schema: GraphQLSchema): ReadonlyMap<string, readonly number[]> {
  const found = known.get(schema);
  if (found !== undefined) return found;
  const types = Object.values(schema.getTypeMap());
  const fields = types.map((type) =>
    isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : [],
  );
  const lengths = new Map([
    ['types', [types.length]],
    ['directives', [schema.getDirectives().length]],
    ['fields', fields.map(({ length }) => length)],
    ['args', fields.flat().map(({ args }) => args.length)],
    [
      'inputFields',
      types.map((type) => (isInputObjectType(type) ? Object.keys(type.getFields()).length : 0)),
    ],
    ['enumValues', types.map((type) => (isEnumType(type) ? type.getValues().length : 0))],
  ]);
  known.set(schema, lengths);
  return lengths;
}

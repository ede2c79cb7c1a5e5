import {
  type DocumentNode,
  type FieldNode,
  getNamedType,
  type GraphQLField,
  GraphQLError,
  type GraphQLNamedType,
  type GraphQLSchema,
  isCompositeType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  SchemaMetaFieldDef,
  type SelectionNode,
  type SelectionSetNode,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
} from 'graphql';
import { refusal } from '../../graphql/errors.ts';
import {
  entitySize,
  KEY_BYTES,
  leafSize,
  type Measure,
  type Size,
  valuesOf,
  type VariableList,
} from './answer-size.ts';
import {
  type Defaults,
  defaultsOf,
  introspectionLength,
  listLength,
  type VariableLength,
} from './list-length.ts';

/** Depth of fields with fragments expanded; a page of jobs with their failures has 5. Introspection has its own limit. */
const MAX_DEPTH = 12;
/** Equal to the limit of nested brackets; graphql-js limits how often introspection lists are nested. */
const MAX_INTROSPECTION_DEPTH = 64;
/** Selections of a document with fragments expanded: each takes 0.3 µs here, and about 3 µs when it is executed. */
const MAX_SELECTIONS = 10_000;
/**
 * Pairs of selections with one response key, and of fragments in one selection set. graphql-js compares each pair
 * (OverlappingFieldsCanBeMerged), which takes up to 2 µs.
 */
const MAX_PAIRS = 10_000;

/** A selection set with the type of its parent; undefined: an unknown type. */
interface TypedSet {
  readonly set: SelectionSetNode;
  readonly type: GraphQLNamedType | undefined;
}

/** The fields of a selection set with one response key. */
interface Group {
  readonly node: FieldNode;
  readonly field: GraphQLField<unknown, unknown> | undefined;
  /** How many they are. */
  count: number;
  readonly sets: TypedSet[];
}

/** The place of a selection set in the answer. */
interface Place {
  readonly depth: number;
  /** The introspection field that it is below. */
  readonly below: '__schema' | '__type' | null;
  /** Whether no list is around it. */
  readonly isSingle: boolean;
  /** Whether it is the root of a subscription. */
  readonly isSubscription: boolean;
}

const ROOT: Place = { depth: 1, below: null, isSingle: true, isSubscription: false };

/** The result of `measure`. */
export interface MeasuredDocument {
  readonly operations: ReadonlyMap<OperationDefinitionNode, Measure>;
  /** Subscriptions whose root field has `@skip` or `@include`. */
  readonly errors: GraphQLError[];
}

/**
 * Walks over a document for all limits but those on its text. One pass expands fragments and merges fields as execution does, so
 * a fragment that is spread twice in one place counts once. The document need not be valid: unknown fields count as nothing.
 *
 * @throws GraphQLError for a document that is too deep, too repetitive or too long with its fragments expanded
 */
export function measure(schema: GraphQLSchema, document: DocumentNode): MeasuredDocument {
  const walk = new Walk(schema, document);
  const operations = document.definitions.filter(
    (definition) => definition.kind === Kind.OPERATION_DEFINITION,
  );
  return {
    operations: new Map(operations.map((operation) => [operation, walk.operation(operation)])),
    errors: walk.errors,
  };
}

class Walk {
  readonly errors: GraphQLError[] = [];
  readonly #schema: GraphQLSchema;
  readonly #fragments: ReadonlyMap<string, TypedSet>;
  #selections = 0;
  #pairs = 0;
  #lists: VariableList[] = [];
  #defaults: Defaults = new Map();

  constructor(schema: GraphQLSchema, { definitions }: DocumentNode) {
    this.#schema = schema;
    this.#fragments = new Map(
      definitions
        .filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
        .map(({ name, selectionSet: set, typeCondition }) => [
          name.value,
          { set, type: schema.getType(typeCondition.name.value) },
        ]),
    );
    // Validation reads also fragments that are not used.
    for (const fragment of this.#fragments.values()) {
      const isMeta = fragment.type !== undefined && isIntrospectionType(fragment.type);
      this.#measure([fragment], isMeta ? { ...ROOT, below: '__type' } : ROOT);
    }
  }

  operation({ selectionSet: set, operation, variableDefinitions = [] }: OperationDefinitionNode): Measure {
    const before = this.#selections;
    this.#lists = [];
    this.#defaults = defaultsOf(variableDefinitions);
    const type = this.#schema.getRootType(operation) ?? undefined;
    const isSubscription = operation === OperationTypeNode.SUBSCRIPTION;
    const size = this.#measure([{ set, type }], { ...ROOT, isSubscription });
    return { ...size, lists: this.#lists, selections: this.#selections - before };
  }

  #measure(sets: readonly TypedSet[], place: Place): Size {
    let bytes = 2;
    let values = 0;
    for (const [key, group] of this.#group(sets, place)) {
      const { field, node } = group;
      const isMeta = node.name.value.startsWith('__');
      if (place.depth > (place.below === null ? MAX_DEPTH : MAX_INTROSPECTION_DEPTH) && !isMeta) {
        throw tooComplex(`more than ${MAX_DEPTH} fields deep`);
      }
      const length = field === undefined ? 1 : this.#lengthOf(field, node, place);
      const entry =
        group.sets.length === 0 ? leafSize(field) : this.#measure(group.sets, inner(place, node, length));
      bytes += KEY_BYTES + key.length;
      values += valuesOf(field);
      if (typeof length === 'object' && place.isSingle) {
        this.#lists.push({ length, entry: length.isDivisible ? entitySize(entry) : entry });
      } else {
        const times = typeof length === 'object' ? length.max : length;
        bytes += times * entry.bytes;
        values += times * entry.values;
      }
    }
    return { bytes, values };
  }

  #lengthOf(
    field: GraphQLField<unknown, unknown>,
    node: FieldNode,
    { below }: Place,
  ): number | VariableLength {
    return below === null
      ? listLength(field, node, this.#defaults)
      : introspectionLength(this.#schema, field, below === '__schema');
  }

  /** Fields by their response keys. */
  #group(sets: readonly TypedSet[], { isSubscription }: Place): ReadonlyMap<string, Group> {
    const groups = new Map<string, Group>();
    const spread = new Set<string>();
    const open = [...sets];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const selection of next.set.selections) {
        if (++this.#selections > MAX_SELECTIONS) {
          throw tooComplex(
            `of more than ${MAX_SELECTIONS.toLocaleString('en')} selections once its fragments are expanded`,
          );
        }
        if (isSubscription) this.#checkSubscriptionRoot(selection);
        if (selection.kind === Kind.FIELD) this.#add(groups, selection, next.type);
        else if (selection.kind === Kind.INLINE_FRAGMENT) {
          const condition = selection.typeCondition?.name.value;
          const type = condition === undefined ? next.type : this.#schema.getType(condition);
          open.push({ set: selection.selectionSet, type });
        } else if (!spread.has(selection.name.value)) {
          this.#addPairs(spread.size);
          spread.add(selection.name.value);
          const fragment = this.#fragments.get(selection.name.value);
          if (fragment !== undefined) open.push(fragment);
        }
      }
    }
    return groups;
  }

  /**
   * The root field of a subscription must not be left out (specification of September 2025, “Single Root Field”). graphql-js accepts
   * such a document and fails when it opens the subscription.
   */
  #checkSubscriptionRoot({ directives = [] }: SelectionNode): void {
    const directive = directives.find(({ name: { value } }) => value === 'skip' || value === 'include');
    if (directive === undefined) return;
    const message = `@${directive.name.value} is not allowed on the root field of a subscription. Use it on the fields below.`;
    this.errors.push(new GraphQLError(message, { nodes: directive }));
  }

  #add(groups: Map<string, Group>, node: FieldNode, parent: GraphQLNamedType | undefined): void {
    const key = (node.alias ?? node.name).value;
    const field = this.#fieldOf(parent, node.name.value);
    const group = groups.get(key) ?? { node, field, count: 0, sets: [] };
    this.#addPairs(group.count);
    group.count += 1;
    if (node.selectionSet !== undefined) {
      const type = field === undefined ? undefined : getNamedType(field.type);
      group.sets.push({ set: node.selectionSet, type });
    }
    groups.set(key, group);
  }

  #addPairs(pairs: number): void {
    this.#pairs += pairs;
    if (this.#pairs > MAX_PAIRS) throw tooComplex('too repetitive: it selects the same fields too often');
  }

  /** Validation refuses unknown fields later. */
  #fieldOf(type: GraphQLNamedType | undefined, name: string): GraphQLField<unknown, unknown> | undefined {
    if (!isCompositeType(type)) return undefined;
    if (name === '__typename') return TypeNameMetaFieldDef;
    if (type === this.#schema.getQueryType()) {
      if (name === '__schema') return SchemaMetaFieldDef;
      if (name === '__type') return TypeMetaFieldDef;
    }
    return isObjectType(type) || isInterfaceType(type) ? type.getFields()[name] : undefined;
  }
}

function inner(
  { depth, below, isSingle }: Place,
  { name: { value: name } }: FieldNode,
  length: number | VariableLength,
): Place {
  return {
    depth: depth + 1,
    below: name === '__schema' || name === '__type' ? name : below,
    isSingle: isSingle && length === 1,
    isSubscription: false,
  };
}

function tooComplex(how: string): GraphQLError {
  return refusal(400, 'DOCUMENT_TOO_COMPLEX', `The document is ${how}.`);
}

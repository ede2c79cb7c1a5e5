import type { Plugin } from 'graphql-yoga';
import {
  type ASTVisitor,
  type FieldNode,
  getNamedType,
  type GraphQLField,
  type GraphQLNamedType,
  GraphQLError,
  isInterfaceType,
  isObjectType,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';
import { DEFAULT_PAGE, MAX_PAGE } from '../graphql/builder.ts';
import { MAX_REPRESENTATIONS } from '../graphql/federation.ts';

/** About as many values as an answer has; the introspection of GraphiQL asks for one. */
const INTROSPECTION_COST: Readonly<Record<string, number>> = { __schema: 4000, __type: 200 };
/** Values that one operation may ask for. A page of 100 jobs with every field has 4,000. */
const MAX_VALUES = 12_000;

/**
 * Refuses operations that ask for very many values, on every transport: by aliases, a kilobyte could ask for
 * gigabytes.
 *
 * A field counts as one value, or as many as its `extensions.cost` says, and what is in a page or an entity as often
 * as the page or the list of representations is long; a length that is a variable counts as the longest.
 */
export function useDocumentCost(): Plugin {
  return {
    onValidate({ addValidationRule }) {
      addValidationRule(documentCostRule);
    },
  };
}

function documentCostRule(context: ValidationContext): ASTVisitor {
  const fragments = new Map<string, number>();

  const costOfFragment = (name: string): number => {
    const known = fragments.get(name);
    if (known !== undefined) return known;
    // Until it is known it is nothing: fragments that go round in circles have a rule of their own.
    fragments.set(name, 0);
    const fragment = context.getFragment(name);
    if (fragment == null) return 0;
    const type = context.getSchema().getType(fragment.typeCondition.name.value);
    const cost = costOf(fragment.selectionSet, type);
    fragments.set(name, cost);
    return cost;
  };

  const costOf = (set: SelectionSetNode | undefined, type: GraphQLNamedType | null | undefined): number => {
    let cost = 0;
    for (const selection of set?.selections ?? []) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) cost += costOfFragment(selection.name.value);
      else if (selection.kind === Kind.INLINE_FRAGMENT) {
        const condition = selection.typeCondition?.name.value;
        const narrowed = condition === undefined ? type : context.getSchema().getType(condition);
        cost += costOf(selection.selectionSet, narrowed);
      } else {
        cost += INTROSPECTION_COST[selection.name.value] ?? 0;
        const field = fieldOf(type, selection.name.value);
        if (field === undefined) continue;
        const inner = costOf(selection.selectionSet, getNamedType(field.type));
        cost += ownCost(field) + listSize(field, selection) * inner;
      }
    }
    return cost;
  };

  return {
    OperationDefinition(operation) {
      const cost = costOf(operation.selectionSet, context.getSchema().getRootType(operation.operation));
      if (cost > MAX_VALUES) context.reportError(tooExpensive(cost));
    },
  };
}

/** Unknown fields have none: they are refused otherwise. */
function fieldOf(
  type: GraphQLNamedType | null | undefined,
  name: string,
): GraphQLField<unknown, unknown> | undefined {
  return isObjectType(type) || isInterfaceType(type) ? type.getFields()[name] : undefined;
}

function ownCost({ extensions }: GraphQLField<unknown, unknown>): number {
  return typeof extensions['cost'] === 'number' ? extensions['cost'] : 1;
}

function listSize(field: GraphQLField<unknown, unknown>, node: FieldNode): number {
  if (!field.args.some(({ name }) => name === 'representations')) return pageSize(field, node);
  const given = node.arguments?.find(({ name }) => name.value === 'representations')?.value;
  return given?.kind === Kind.LIST ? given.values.length : MAX_REPRESENTATIONS;
}

/** The longest page that `first` and `last` allow, where null is as good as absent. */
function pageSize({ args }: GraphQLField<unknown, unknown>, { arguments: given = [] }: FieldNode): number {
  if (!args.some(({ name }) => name === 'first')) return 1;
  const sizes = given
    .filter(
      ({ name: { value: name }, value }) => (name === 'first' || name === 'last') && value.kind !== Kind.NULL,
    )
    .map(({ value }) =>
      value.kind === Kind.INT ? Math.min(Math.max(Number(value.value), 0), MAX_PAGE) : MAX_PAGE,
    );
  return sizes.length === 0 ? DEFAULT_PAGE : Math.max(...sizes);
}

function tooExpensive(cost: number): GraphQLError {
  return new GraphQLError(
    `The operation asks for up to ${cost.toLocaleString('en')} values, and ${MAX_VALUES.toLocaleString('en')} are allowed. Ask for shorter pages or fewer fields.`,
    { extensions: { code: 'DOCUMENT_TOO_EXPENSIVE', http: { status: 400, spec: false } } },
  );
}

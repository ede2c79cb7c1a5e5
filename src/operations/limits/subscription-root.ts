import {
  type DirectiveNode,
  type DocumentNode,
  GraphQLError,
  Kind,
  OperationTypeNode,
  type SelectionSetNode,
} from 'graphql';

/**
 * Refuses subscriptions whose field may be left out, as the specification does (September 2025, “Single
 * Root Field”). graphql-js lets them pass, and fails on them when it validates or opens them.
 */
export function subscriptionRootErrors({ definitions }: DocumentNode): GraphQLError[] {
  const fragments = new Map<string, SelectionSetNode>();
  const roots: SelectionSetNode[] = [];
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION)
      fragments.set(definition.name.value, definition.selectionSet);
    else if (
      definition.kind === Kind.OPERATION_DEFINITION &&
      definition.operation === OperationTypeNode.SUBSCRIPTION
    )
      roots.push(definition.selectionSet);
  }
  // A set grows while it is gone through: what has been seen, such as a fragment in circles, is not seen again.
  const sets = new Set(roots);
  const errors: GraphQLError[] = [];
  for (const { selections } of sets) {
    for (const selection of selections) {
      const directive = selection.directives?.find(leavesOut);
      if (directive !== undefined) errors.push(refusal(directive));
      if (selection.kind === Kind.INLINE_FRAGMENT) sets.add(selection.selectionSet);
      const fragment =
        selection.kind === Kind.FRAGMENT_SPREAD ? fragments.get(selection.name.value) : undefined;
      if (fragment !== undefined) sets.add(fragment);
    }
  }
  return errors;
}

function leavesOut({ name }: DirectiveNode): boolean {
  return name.value === 'skip' || name.value === 'include';
}

function refusal(directive: DirectiveNode): GraphQLError {
  const message = `The field of a subscription can't be left out: @${directive.name.value} is for the fields below it.`;
  return new GraphQLError(message, { nodes: directive });
}

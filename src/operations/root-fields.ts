import {
  type ASTVisitor,
  type DefinitionNode,
  type DocumentNode,
  Kind,
  type OperationDefinitionNode,
  visit,
} from 'graphql';

const MAX_ROOT_FIELDS = 10;

/**
 * The names of the root fields of an operation, sorted, without repetitions; at most 10. The document is valid, so the names are those of the
 * schema, and fragments do not contain themselves.
 */
export function rootFields(document: DocumentNode, operation: OperationDefinitionNode): readonly string[] {
  const names = new Set<string>();
  const collect: ASTVisitor = {
    Field: ({ name }) => {
      names.add(name.value);
      return false;
    },
    FragmentSpread: ({ name }) => {
      const isNamed = (node: DefinitionNode) =>
        node.kind === Kind.FRAGMENT_DEFINITION && node.name.value === name.value;
      const fragment = document.definitions.find(isNamed);
      if (fragment !== undefined) visit(fragment, collect);
    },
  };
  visit(operation, collect);
  return [...names].toSorted().slice(0, MAX_ROOT_FIELDS);
}

import type { Plugin } from 'graphql-yoga';
import { type ASTVisitor, GraphQLError, Kind, type SelectionSetNode, type ValidationContext } from 'graphql';

/** Of fields below each other, fragments unfolded; a page of jobs with their failures has 5. Introspection has its own limit. */
const MAX_DEPTH = 12;
/** In the whole document. Routers that put operations together give each field one. */
const MAX_ALIASES = 100;

/** Refuses documents that are too deep or rename too much, on every transport. */
export function useDocumentShape(): Plugin {
  return {
    onValidate({ addValidationRule }) {
      addValidationRule(documentShapeRule);
    },
  };
}

function documentShapeRule(context: ValidationContext): ASTVisitor {
  const fragments = new Map<string, number>();
  let aliases = 0;

  const depthOfFragment = (name: string): number => {
    const known = fragments.get(name);
    if (known !== undefined) return known;
    // Until it is known it is nothing: fragments that go round in circles have a rule of their own.
    fragments.set(name, 0);
    const depth = depthOf(context.getFragment(name)?.selectionSet);
    fragments.set(name, depth);
    return depth;
  };

  const depthOf = (set: SelectionSetNode | undefined): number => {
    let deepest = 0;
    for (const selection of set?.selections ?? []) {
      let depth = 0;
      if (selection.kind === Kind.FRAGMENT_SPREAD) depth = depthOfFragment(selection.name.value);
      else if (selection.kind === Kind.INLINE_FRAGMENT) depth = depthOf(selection.selectionSet);
      else if (!selection.name.value.startsWith('__')) depth = 1 + depthOf(selection.selectionSet);
      deepest = Math.max(deepest, depth);
    }
    return deepest;
  };

  return {
    Field: ({ alias }) => {
      if (alias !== undefined) aliases += 1;
    },
    OperationDefinition: ({ selectionSet }) => {
      const depth = depthOf(selectionSet);
      if (depth > MAX_DEPTH)
        context.reportError(refusal(`is ${depth} fields deep, and ${MAX_DEPTH} are allowed`));
    },
    Document: {
      leave: () => {
        if (aliases > MAX_ALIASES)
          context.reportError(refusal(`has ${aliases} aliases, and ${MAX_ALIASES} are allowed`));
      },
    },
  };
}

function refusal(how: string): GraphQLError {
  return new GraphQLError(`The document ${how}.`, {
    extensions: { code: 'DOCUMENT_TOO_COMPLEX', http: { status: 400, spec: false } },
  });
}

import { BREAK, type DocumentNode, type ExecutionResult, type GraphQLSchema, visit } from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import type { GraphQLContext } from '../graphql/context.ts';

/** An operation as one function. Its errors are not worded as graphql-js words them. */
export type CompiledDocument = (
  root: unknown,
  context: GraphQLContext,
  variables: Readonly<Record<string, unknown>>,
) => ExecutionResult | Promise<ExecutionResult>;

/**
 * Compiles a valid document.
 *
 * @returns null for what can't be compiled, or would be answered in another way than by graphql-js: with `@skip` and
 *   `@include`, fields may come in another order
 */
export function compileDocument(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | undefined,
): CompiledDocument | null {
  if (hasDirectives(document)) return null;
  try {
    const compiled = compileQuery(schema, document, operationName);
    if (!isCompiledQuery(compiled)) return null;
    return (root, context, variables) => compiled.query(root, context, { ...variables });
  } catch {
    return null;
  }
}

function hasDirectives(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    Directive: () => {
      found = true;
      return BREAK;
    },
  });
  return found;
}

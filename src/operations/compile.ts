import {
  BREAK,
  type DocumentNode,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  type Source,
  type SourceLocation,
  visit,
} from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import type { GraphQLContext } from '../graphql/context.ts';
import type { Variables } from './operation.ts';

/** Variables or arguments do not fit their types: graphql-js words such errors, and says where they are. */
export const INTERPRET = Symbol('interpret');

export type CompiledResult = ExecutionResult | typeof INTERPRET;

/** An operation as one function. */
export type CompiledOperation = (
  root: unknown,
  context: GraphQLContext,
  variables: Variables,
) => CompiledResult | Promise<CompiledResult>;

/** What is compiled. */
export interface CompileOptions {
  readonly schema: GraphQLSchema;
  /** It is valid. */
  readonly document: DocumentNode;
  readonly operationName?: string;
  /** Of the operation, with fragments expanded. */
  readonly selections: number;
}

/** Compiling a selection takes about 0.03 ms, in which nothing else is served; a page of jobs with every field has about 80. */
const MAX_SELECTIONS = 200;

/** @returns null for an operation that takes too long to compile, or would be answered in another way than by graphql-js */
export function compileOperation({
  schema,
  document,
  operationName,
  selections,
}: CompileOptions): CompiledOperation | null {
  if (selections > MAX_SELECTIONS || !isPlain(document)) return null;
  const compiled = compileOrNull(schema, document, operationName);
  if (compiled === null) return null;
  return (root, context, variables) => {
    const result = compiled(root, context, { ...variables });
    return result instanceof Promise
      ? result.then((settled) => presentable(document, settled))
      : presentable(document, result);
  };
}

function compileOrNull(schema: GraphQLSchema, document: DocumentNode, operationName: string | undefined) {
  try {
    const compiled = compileQuery(schema, document, operationName);
    return isCompiledQuery(compiled) ? compiled.query : null;
  } catch {
    // What cannot be compiled is interpreted.
    return null;
  }
}

/** Whether there are neither directives, with which fields may come in another order, nor an alias `__proto__`, which is lost. */
function isPlain(document: DocumentNode): boolean {
  let plain = true;
  const notPlain = () => {
    plain = false;
    return BREAK;
  };
  visit(document, {
    Directive: notPlain,
    Field: ({ alias }) => (alias?.value === '__proto__' ? notPlain() : undefined),
  });
  return plain;
}

function presentable(document: DocumentNode, result: ExecutionResult): CompiledResult {
  const { errors, data = null } = result;
  if (errors === undefined) return result;
  if (errors.every(({ originalError }) => originalError == null)) return INTERPRET;
  return { errors: errors.map((error) => asGraphQLError(document, error)), data };
}

/** graphql-jit's errors cannot be changed, and know neither nodes nor source. */
function asGraphQLError(
  { loc }: DocumentNode,
  { message, path, originalError, locations = [] }: GraphQLError,
): GraphQLError {
  const source = loc?.source ?? null;
  const positions = source === null ? [] : locations.map((location) => positionOf(source, location));
  return new GraphQLError(message, {
    source,
    positions,
    path: path ?? null,
    originalError: originalError ?? null,
  });
}

/** The inverse of graphql-js' getLocation. */
function positionOf({ body }: Source, { line, column }: SourceLocation): number {
  const before = body.split(/(\r\n|[\n\r])/).slice(0, 2 * (line - 1));
  return before.join('').length + column - 1;
}

import {
  type ASTVisitor,
  createSourceEventStream,
  type DocumentNode,
  execute,
  type ExecutionResult,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  visit,
  BREAK,
  GraphQLError,
  type Source,
  type SourceLocation,
  isInputType,
  typeFromAST,
  valueFromAST,
  type VariableDefinitionNode,
} from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import type { GraphQLContext } from '../graphql/context.ts';
import { PushIterator } from '../watching/push-iterator.ts';
import type { SubscriptionEvent } from './fan-out.ts';
import type { Measure } from './limits/answer-size.ts';
import type { Variables } from './operation.ts';
import { rootFields } from './root-fields.ts';
import type { TurnQueue } from './work-queues.ts';

/** Options of an `OperationPlan`. */
export interface PlanOptions {
  readonly schema: GraphQLSchema;
  /** It is valid. */
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly measured: Measure;
  /** Compiles the operations of all plans, one per turn of the event loop. Null: never compile. */
  readonly compiling: TurnQueue | null;
}

type Result = ExecutionResult | Promise<ExecutionResult>;

/**
 * Executions after which an operation is compiled. Compiling costs more than one execution, and a document that a person types is
 * mostly sent once.
 */
const COMPILED_AFTER = 2;
/** Values of a small event. A job with every field and its video as base64 has 550; more values take over one or two milliseconds. */
const MAX_SMALL_VALUES = 700;
/** Errors of variables in one result: graphql-js repeats the whole value in each. Its default of 50 turned 1 MB of request into 46 MB. */
const MAX_COERCION_ERRORS = 5;

let plans = 0;

/** Executes one operation of a checked document. An operation that is executed again is compiled to one function. */
export class OperationPlan {
  /** Unique in this process. */
  readonly id = ++plans;
  readonly document: DocumentNode;
  readonly kind: OperationTypeNode;
  /** As the client calls it; undefined: it has no name. */
  readonly operationName: string | undefined;
  readonly measured: Measure;
  /** Whether an event takes so long to execute that it waits for a turn of the event loop. */
  readonly isLarge: boolean;
  readonly #schema: GraphQLSchema;
  /** Variables that the result of an event depends on. */
  readonly #eventVariables: readonly string[];
  readonly #declared: ReadonlySet<string>;
  #compiling: TurnQueue | null;
  #compiled: typeof this.execute | null = null;
  #executions = 0;
  readonly #operation: OperationDefinitionNode;
  #rootFields: readonly string[] | undefined;

  constructor({ schema, document, operation, measured, compiling }: PlanOptions) {
    this.#schema = schema;
    this.document = document;
    this.kind = operation.operation;
    this.#operation = operation;
    this.measured = measured;
    this.isLarge = measured.values > MAX_SMALL_VALUES;
    this.operationName = operation.name?.value;
    this.#declared = new Set(operation.variableDefinitions?.map(({ variable }) => variable.name.value));
    const isSubscription = operation.operation === OperationTypeNode.SUBSCRIPTION;
    this.#eventVariables = isSubscription ? eventVariables(document, operation) : [];
    this.#compiling = operation.operation === OperationTypeNode.MUTATION ? null : compiling;
  }

  /** The names of the root fields, sorted, without repetitions; at most 10. */
  get rootFields(): readonly string[] {
    return (this.#rootFields ??= rootFields(this.document, this.#operation));
  }

  /** @param root the event of a subscription */
  execute(root: unknown, context: GraphQLContext, variables: Variables): Result {
    if (this.#compiled !== null) return this.#compiled(root, context, variables);
    this.#executions += 1;
    if (this.#executions === COMPILED_AFTER) this.#compiling?.add(() => this.#compile());
    return this.#interpret(root, context, variables);
  }

  /** Opens a subscription. @returns the source of its events; a result with errors when it cannot be opened */
  async openSource(
    contextValue: GraphQLContext,
    variableValues: Variables,
  ): Promise<PushIterator<SubscriptionEvent> | ExecutionResult> {
    const source = await createSourceEventStream({ ...this.#args, contextValue, variableValues });
    if (!(Symbol.asyncIterator in source)) return source;
    if (source instanceof PushIterator) return source;
    throw new Error('A subscription field returned another iterator than a PushIterator.');
  }

  /** The variables without those that the operation does not declare. */
  declared(variables: Variables): Variables {
    return Object.fromEntries(Object.entries(variables).filter(([name]) => this.#declared.has(name)));
  }

  /** Equal for variables with which an event has the same result. A null differs from an absent variable. */
  eventKey(variables: Variables): string {
    if (this.#eventVariables.length === 0) return '';
    const given = this.#eventVariables.filter((name) => Object.hasOwn(variables, name));
    return JSON.stringify(given.map((name) => [name, variables[name]]));
  }

  get #args() {
    const operationName = this.operationName;
    return {
      schema: this.#schema,
      document: this.document,
      options: { maxCoercionErrors: MAX_COERCION_ERRORS },
      ...(operationName === undefined ? {} : { operationName }),
    };
  }

  #interpret(rootValue: unknown, contextValue: GraphQLContext, variableValues: Variables): Result {
    return execute({ ...this.#args, rootValue, contextValue, variableValues });
  }

  #compile(): void {
    this.#compiling = null;
    const compiled = compileOperation({ ...this.#args, selections: this.measured.selections });
    if (compiled === null) return;
    this.#compiled = (root, context, variables) => {
      const settle = (result: CompiledResult): Result =>
        result === INTERPRET ? this.#interpret(root, context, variables) : result;
      const result = compiled(root, context, variables);
      return result instanceof Promise ? result.then(settle) : settle(result);
    };
  }
}

/** All variables but those in the arguments of the one root field: these only select the events. */
function eventVariables(document: DocumentNode, operation: OperationDefinitionNode): readonly string[] {
  const [root, ...others] = operation.selectionSet.selections;
  const plain = others.length === 0 && root?.kind === Kind.FIELD ? root : null;
  const names = new Set<string>();
  const collect: ASTVisitor = {
    VariableDefinition: () => false,
    Field: (field) => (field === plain ? { ...field, arguments: [] } : undefined),
    Variable: ({ name }) => {
      names.add(name.value);
    },
  };
  for (const definition of document.definitions)
    if (definition === operation || definition.kind === Kind.FRAGMENT_DEFINITION) visit(definition, collect);
  return [...names].toSorted();
}

/** Variables or arguments do not fit their types: graphql-js executes the operation for its messages and positions. */
export const INTERPRET = Symbol('interpret');

type CompiledResult = ExecutionResult | typeof INTERPRET;

/** An operation as one function. */
type CompiledOperation = (
  root: unknown,
  context: GraphQLContext,
  variables: Variables,
) => CompiledResult | Promise<CompiledResult>;

/** Options of `compileOperation`. */
export interface CompileOptions {
  readonly schema: GraphQLSchema;
  /** It is valid. */
  readonly document: DocumentNode;
  readonly operationName?: string;
  /** Of the operation, with fragments expanded. */
  readonly selections: number;
}

/** Compiling a selection blocks the process for about 0.03 ms. A page of jobs with every field has about 80 selections. */
const MAX_SELECTIONS = 200;

/** @returns null when compiling would take too long, or the result would differ from graphql-js' */
export function compileOperation({
  schema,
  document,
  operationName,
  selections,
}: CompileOptions): CompiledOperation | null {
  if (selections > MAX_SELECTIONS || !isPlain(schema, document)) return null;
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
    // An operation that cannot be compiled is interpreted.
    return null;
  }
}

/**
 * Whether graphql-jit gives the same result as graphql-js: directives may change the order of fields, an alias `__proto__` is lost, and so is
 * the type of a default value that is not plain JSON, such as a date.
 */
function isPlain(schema: GraphQLSchema, document: DocumentNode): boolean {
  let plain = true;
  const notPlain = () => {
    plain = false;
    return BREAK;
  };
  visit(document, {
    Directive: notPlain,
    Field: ({ alias }) => (alias?.value === '__proto__' ? notPlain() : undefined),
    VariableDefinition: (node) => (hasPlainDefault(schema, node) ? undefined : notPlain()),
  });
  return plain;
}

function hasPlainDefault(schema: GraphQLSchema, { type, defaultValue }: VariableDefinitionNode): boolean {
  const inputType = typeFromAST(schema, type);
  if (defaultValue === undefined || !isInputType(inputType)) return true;
  return isJson(valueFromAST(defaultValue, inputType));
}

/** Input objects have no prototype. */
function isJson(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== null) return false;
  return Object.values(value).every(isJson);
}

function presentable(document: DocumentNode, result: ExecutionResult): CompiledResult {
  const { errors, data = null } = result;
  if (errors === undefined) return result;
  // Errors of arguments have no original error. Those of variables have one if a scalar refused the value, but no path.
  if (errors.every(({ originalError, path }) => originalError == null || path === undefined))
    return INTERPRET;
  return { errors: errors.map((error) => asGraphQLError(document, error)), data };
}

/** The errors of graphql-jit are frozen and have neither nodes nor source. */
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

import {
  type ASTVisitor,
  createSourceEventStream,
  type DocumentNode,
  execute,
  type ExecutionResult,
  getOperationAST,
  type GraphQLSchema,
  Kind,
  visit,
} from 'graphql';
import type { Job } from '../domain/job.ts';
import type { GraphQLContext } from '../graphql/context.ts';
import { PushIterator } from '../watching/push-iterator.ts';
import { type CompiledDocument, compileDocument } from './compile-document.ts';
import { measure } from './document/measure.ts';
import type { OneATurn } from './one-a-turn.ts';

/** What the executor needs besides the event. */
export interface PlanOptions {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
}

export type Variables = Readonly<Record<string, unknown>>;
type Result = ExecutionResult | Promise<ExecutionResult>;

/** For how many events a document has to be run until it is compiled. */
const COMPILED_AT = 2;

/** Values of an event; a job with every field, and the base64 of its video, has 550. */
const MAX_SMALL_VALUES = 700;

let plans = 0;

/**
 * How a subscription's document opens a feed, and makes a result of an event. Compiled after it was run for the
 * second time.
 */
export class SubscriptionPlan {
  /** Differs from plan to plan. */
  readonly id = ++plans;
  readonly options: PlanOptions;
  /** Whether making a result takes more than a millisecond or two. */
  readonly isLarge: boolean;
  /** The variables that a result depends on. */
  readonly #relevant: readonly string[];
  readonly #compiling: OneATurn;
  /** Null: not yet, or it can't be compiled. */
  #compiled: CompiledDocument | null = null;
  #runs = 0;

  /** @param compiling compiles for all plans: one event may be of very many */
  constructor(options: PlanOptions, compiling: OneATurn) {
    this.options = options;
    this.#compiling = compiling;
    this.#relevant = relevantVariables(options);
    this.isLarge = valuesOf(options) > MAX_SMALL_VALUES;
  }

  /** Equal for equal results of an event, as far as variables go. One that is null is another than one left out. */
  variablesKey(variables: Variables): string {
    if (this.#relevant.length === 0) return '';
    const given = this.#relevant.filter((name) => Object.hasOwn(variables, name));
    return JSON.stringify(given.map((name) => [name, variables[name]]));
  }

  /** @returns null when it can't be opened: graphql-js, with all hooks around it, tells why */
  async open(context: () => GraphQLContext, variableValues: Variables): Promise<PushIterator<Job> | null> {
    try {
      const contextValue = context();
      const source = await createSourceEventStream({ ...this.options, contextValue, variableValues });
      return source instanceof PushIterator ? source : null;
    } catch {
      return null;
    }
  }

  run(event: unknown, context: GraphQLContext, variables: Variables): Result {
    this.#runs += 1;
    if (this.#runs === COMPILED_AT) this.#compiling.add(() => this.#compile());
    if (this.#compiled === null) return this.#execute(event, context, variables);
    const result = this.#compiled(event, context, variables);
    // Errors are told in graphql-js' words.
    return result instanceof Promise
      ? result.then((settled) =>
          settled.errors === undefined ? settled : this.#execute(event, context, variables),
        )
      : result.errors === undefined
        ? result
        : this.#execute(event, context, variables);
  }

  #execute(rootValue: unknown, contextValue: GraphQLContext, variableValues: Variables): Result {
    return execute({ ...this.options, rootValue, contextValue, variableValues });
  }

  #compile(): void {
    const { schema, document, operationName } = this.options;
    this.#compiled = compileDocument(schema, document, operationName);
  }
}

function valuesOf({ schema, document, operationName }: PlanOptions): number {
  const operation = getOperationAST(document, operationName);
  return operation == null ? 0 : (measure(schema, document).get(operation)?.values ?? 0);
}

/** All but those that say which events come: they are arguments of the one root field. */
function relevantVariables({ document, operationName }: PlanOptions): readonly string[] {
  const operation = getOperationAST(document, operationName);
  const [root, ...others] = operation?.selectionSet.selections ?? [];
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

import { getOperationAST, type GraphQLSchema, OperationTypeNode } from 'graphql';
import { type CompiledDocument, compileDocument } from './compile-document.ts';
import type { CheckedDocument, Documents } from './document/documents.ts';
import type { Measure } from './document/measure.ts';
import { recentlyUsed } from './recently-used.ts';

/** A query as a program sends it. */
export interface QueryText {
  readonly query: string;
  readonly operationName: string | undefined;
}

/** Documents whose compiled operations are kept. */
const KEPT = 100;
/** Compiled operations of one text: a function takes some 20 KiB, and a text may hold a hundred operations. */
const MAX_OPERATIONS = 10;

/** A query as one function, with what it asks for. */
export interface CompiledQuery {
  readonly run: CompiledDocument;
  readonly measured: Measure;
}

/** Those of a document's operations that were asked for; false: not to be compiled. */
interface Known {
  readonly checked: CheckedDocument;
  readonly compiled: Map<string | undefined, CompiledQuery | false>;
}

/**
 * Compiles what is sent again and again into a function. Compiling costs more than running once, so a text is compiled
 * when it comes for the second time: the first time it is checked.
 */
export class CompiledQueries {
  readonly #documents: Documents;
  readonly #schema: GraphQLSchema;
  /** By their texts. */
  readonly #known = recentlyUsed<Known>(KEPT);

  constructor(documents: Documents, schema: GraphQLSchema) {
    this.#documents = documents;
    this.#schema = schema;
  }

  /** @returns null for what has to be answered the long way: a first time, another kind of operation, a faulty document */
  find({ query, operationName }: QueryText): CompiledQuery | null {
    const known = this.#known.get(query) ?? this.#meet(query);
    if (known === null) return null;
    const compiled = known.compiled.get(operationName) ?? this.#compile(known, operationName);
    return compiled === false ? null : compiled;
  }

  #meet(text: string): Known | null {
    const checked = this.#documents.known(text);
    if (checked === undefined) return null;
    const known = { checked, compiled: new Map() };
    this.#known.set(text, known);
    return known;
  }

  #compile({ checked, compiled }: Known, operationName: string | undefined): CompiledQuery | false {
    if (compiled.size >= MAX_OPERATIONS) return false;
    const operation = getOperationAST(checked.document, operationName);
    const measured = checked.measureOf(operationName);
    // Names that come from outside are not kept.
    if (operation == null || measured === null) return false;
    const isQuery = operation.operation === OperationTypeNode.QUERY;
    const run = isQuery ? compileDocument(this.#schema, checked.document, operationName) : null;
    const made = run === null ? false : { run, measured };
    compiled.set(operationName, made);
    return made;
  }
}

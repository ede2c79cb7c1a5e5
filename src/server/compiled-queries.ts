import { type DocumentNode, getOperationAST, type GraphQLSchema, OperationTypeNode } from 'graphql';
import { type CompiledDocument, compileDocument } from './compile-document.ts';
import { MAX_CACHED_LENGTH } from './document-cache.ts';
import { recentlyUsed } from './recently-used.ts';
import type { Yoga } from './yoga.ts';

/** A query as a program sends it. */
export interface QueryText {
  readonly query: string;
  readonly operationName: string | undefined;
}

/** Compiled documents that are kept, and texts that are known to have come once. */
const KEPT = 100;
const SEEN = 1000;
/** Compiled operations of one text: a function takes some 20 KiB, and a text may hold a hundred operations. */
const MAX_OPERATIONS = 10;

/** A valid document, and those of its operations that were asked for; false: not to be compiled. */
interface Known {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly compiled: Map<string | undefined, CompiledDocument | false>;
}

/**
 * Compiles what is sent again and again into a function. Compiling costs more than running once, so a text is compiled
 * when it comes for the second time.
 */
export class CompiledQueries {
  readonly #yoga: Yoga;
  readonly #seen = recentlyUsed<true>(SEEN);
  /** By their texts; false: a faulty one. */
  readonly #known = recentlyUsed<Known | false>(KEPT);

  constructor(yoga: Yoga) {
    this.#yoga = yoga;
  }

  /** @returns null for what has to be answered the long way: a first time, another kind of operation, a faulty document */
  find({ query, operationName }: QueryText): CompiledDocument | null {
    if (query.length > MAX_CACHED_LENGTH) return null;
    const known = this.#known.get(query) ?? this.#meet(query);
    if (known === false) return null;
    const compiled = known.compiled.get(operationName) ?? this.#compile(known, operationName);
    return compiled === false ? null : compiled;
  }

  #meet(text: string): Known | false {
    if (this.#seen.get(text) === undefined) {
      this.#seen.set(text, true);
      return false;
    }
    const known = this.#read(text);
    this.#known.set(text, known);
    return known;
  }

  /** By the endpoint's own parser and rules. */
  #read(text: string): Known | false {
    const { parse, validate, schema } = this.#yoga.getEnveloped({ params: { query: text } });
    try {
      const document = parse(text);
      return validate(schema, document).length > 0 ? false : { schema, document, compiled: new Map() };
    } catch {
      // Whoever answers the long way says what is wrong with it.
      return false;
    }
  }

  #compile(
    { schema, document, compiled }: Known,
    operationName: string | undefined,
  ): CompiledDocument | false {
    if (compiled.size >= MAX_OPERATIONS) return false;
    const operation = getOperationAST(document, operationName);
    // Names that come from outside are not kept.
    if (operation == null) return false;
    const isQuery = operation.operation === OperationTypeNode.QUERY;
    const made = (isQuery && compileDocument(schema, document, operationName)) || false;
    compiled.set(operationName, made);
    return made;
  }
}

import { getOperationAST, OperationTypeNode } from 'graphql';
import { createLRUCache } from 'graphql-yoga';
import { type CompiledDocument, compileDocument } from './compile-document.ts';
import { operationKey } from './operation-key.ts';
import type { Yoga } from './yoga.ts';

/** A query as a program sends it. */
export interface QueryText {
  readonly query: string;
  readonly operationName: string | undefined;
}

/** Compiled queries that are kept, and texts that are known to have come once. */
const KEPT = 100;
const SEEN = 1000;
/** UTF-16 units; programs send shorter ones again and again. */
const MAX_LENGTH = 4096;

/**
 * Compiles what is sent again and again into a function. Compiling costs more than running once, so a text is compiled
 * when it comes for the second time.
 */
export class CompiledQueries {
  readonly #yoga: Yoga;
  readonly #seen = createLRUCache<true>({ max: SEEN });
  /** False: not to be compiled. */
  readonly #compiled = createLRUCache<CompiledDocument | false>({ max: KEPT });

  constructor(yoga: Yoga) {
    this.#yoga = yoga;
  }

  /** @returns null for what has to be answered the long way: a first time, another kind of operation, a faulty document */
  find({ query, operationName }: QueryText): CompiledDocument | null {
    if (query.length > MAX_LENGTH) return null;
    const key = operationKey(query, operationName);
    const known = this.#compiled.get(key);
    if (known !== undefined) return known === false ? null : known;
    if (this.#seen.get(key) === undefined) {
      this.#seen.set(key, true);
      return null;
    }
    const compiled = this.#compile({ query, operationName });
    this.#compiled.set(key, compiled ?? false);
    return compiled;
  }

  /** By the endpoint's own parser and rules. */
  #compile({ query, operationName }: QueryText): CompiledDocument | null {
    const { parse, validate, schema } = this.#yoga.getEnveloped({ params: { query, operationName } });
    try {
      const document = parse(query);
      if (validate(schema, document).length > 0) return null;
      if (getOperationAST(document, operationName)?.operation !== OperationTypeNode.QUERY) return null;
      return compileDocument(schema, document, operationName);
    } catch {
      // Whoever answers the long way says what is wrong with it.
      return null;
    }
  }
}

import { createHash } from 'node:crypto';
import {
  type DocumentNode,
  getOperationAST,
  GraphQLError,
  type GraphQLSchema,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
  type ValidationRule,
} from 'graphql';
import { noSubgraphSdl, withoutSuggestion } from '../hidden-schema.ts';
import { OneATurn } from '../one-a-turn.ts';
import { recentlyUsed } from '../recently-used.ts';
import { subscriptionRootErrors } from '../subscription-root.ts';
import { type Admission, admit, checkSize } from './admit.ts';
import { FairQueue } from './fair-queue.ts';
import { measure, type Measure } from './measure.ts';
import { checkTokens } from './tokens.ts';

/** A document that may be run. */
export interface CheckedDocument {
  readonly document: DocumentNode;
  /** @returns null when the document has no such operation, or has several and none is named */
  readonly measureOf: (operationName: string | null | undefined) => Measure | null;
}

/** The outcome of a check: the document, or why it is refused. */
export type Check = CheckedDocument | { readonly errors: readonly GraphQLError[] };

/** Documents that are kept, and refusals. */
const KEPT_DOCUMENTS = 100;
const KEPT_REFUSALS = 1000;
/** UTF-16 units; programs send shorter ones again and again. A parsed document takes a hundred times the memory of its text. */
export const MAX_CACHED_LENGTH = 4096;
/** UTF-16 units of the messages of a refusal that is kept. */
const MAX_REFUSAL_LENGTH = 8192;

/**
 * Checks documents, for every transport: first their tokens, then what they ask for, and only then all rules of GraphQL,
 * some of which take quadratic time. Documents and refusals are cached, and owners check new ones in turns.
 */
export class Documents {
  readonly #schema: GraphQLSchema;
  readonly #rules: readonly ValidationRule[];
  readonly #introspection: boolean;
  readonly #queue = new FairQueue();
  readonly #turns = new OneATurn();
  readonly #documents = recentlyUsed<CheckedDocument>(KEPT_DOCUMENTS);
  /** By the SHA-256 of their texts. */
  readonly #refusals = recentlyUsed<readonly GraphQLError[]>(KEPT_REFUSALS);

  /** @param introspection false: the schema is not shown, neither by introspection nor in messages */
  constructor(schema: GraphQLSchema, introspection: boolean) {
    this.#schema = schema;
    this.#introspection = introspection;
    this.#rules = introspection
      ? specifiedRules
      : [...specifiedRules, NoSchemaIntrospectionCustomRule, noSubgraphSdl];
  }

  /** A document that was checked before, found without checking anything. */
  known(text: string): CheckedDocument | undefined {
    return this.#documents.get(text);
  }

  /** @returns a promise when the owner has to wait for a turn */
  check(text: string, ownerId: string): Check | Promise<Check> {
    const known = this.#documents.get(text);
    if (known !== undefined) return known;
    const key = createHash('sha256').update(text).digest('base64');
    const refused = this.#refusals.get(key);
    if (refused !== undefined) return { errors: refused };
    return this.#queue.run(ownerId, () => this.#documents.get(text) ?? this.#checkNow(text, key)) ?? BUSY;
  }

  /** As `admit`, with this process's turns for large answers. */
  admit(admission: Admission): ReturnType<typeof admit> {
    return admit(admission, this.#turns);
  }

  #checkNow(text: string, key: string): Check {
    const check = this.#examine(text);
    if (!('errors' in check)) {
      if (text.length <= MAX_CACHED_LENGTH) this.#documents.set(text, check);
      return check;
    }
    const errors = check.errors.map((error) =>
      detached(this.#introspection ? error : withoutSuggestion(error)),
    );
    const length = errors.reduce((sum, { message }) => sum + message.length, 0);
    if (length <= MAX_REFUSAL_LENGTH) this.#refusals.set(key, errors);
    return { errors };
  }

  #examine(text: string): Check {
    try {
      checkTokens(text);
      const document = parse(text);
      const measures = measure(this.#schema, document);
      for (const [{ operation }, measured] of measures) checkSize(measured, operation);
      const errors = subscriptionRootErrors(document);
      if (errors.length === 0) errors.push(...validate(this.#schema, document, this.#rules));
      if (errors.length > 0)
        return { errors: errors.map((error) => coded(error, 'GRAPHQL_VALIDATION_FAILED')) };
      return {
        document,
        measureOf: (name) => {
          const operation = getOperationAST(document, name);
          return operation == null ? null : (measures.get(operation) ?? null);
        },
      };
    } catch (error) {
      if (error instanceof GraphQLError) return { errors: [coded(error, 'GRAPHQL_PARSE_FAILED')] };
      throw error;
    }
  }
}

const BUSY: Check = {
  errors: [
    new GraphQLError(
      'You send new documents faster than they can be checked. Put values into variables instead of the document, or try again in a second.',
      { extensions: { code: 'RATE_LIMITED', retryAfterSeconds: 1, http: { status: 429, spec: false } } },
    ),
  ],
};

/** Clients of plain JSON (`spec`) are told of errors in a document with 200. */
function coded(error: GraphQLError, code: string): GraphQLError {
  error.extensions['code'] ??= code;
  error.extensions['http'] ??= { status: 400, spec: true };
  return error;
}

/** An error that can be kept: its nodes would hold the parsed document, and its stack, through closures, the text. */
function detached({ message, locations, extensions }: GraphQLError): GraphQLError {
  return Object.assign(new GraphQLError(message, { extensions }), { locations, stack: message });
}

import { createHash } from 'node:crypto';
import {
  type ASTVisitor,
  type DocumentNode,
  getOperationAST,
  GraphQLError,
  type GraphQLSchema,
  NoSchemaIntrospectionCustomRule,
  parse,
  type OperationDefinitionNode,
  specifiedRules,
  validate,
  type ValidationContext,
  type ValidationRule,
  Lexer,
  Source,
  TokenKind,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { refusal } from '../graphql/errors.ts';
import { checkSize } from './limits/admit.ts';
import { measure } from './limits/measure.ts';
import type { OpenDocuments } from './open-documents.ts';
import { OperationPlan } from './operation-plan.ts';
import { shortened, withoutSuggestion } from './results.ts';
import { FairQueue, type TurnQueue } from './work-queues.ts';

/** The outcome of a check: the document, or the errors for which it is refused. */
export type Check = CheckedDocument | { readonly errors: readonly GraphQLError[] };

/** Options of `Documents`. */
export interface DocumentsOptions {
  readonly schema: GraphQLSchema;
  /** False: neither introspection nor suggestions in messages. */
  readonly introspection: boolean;
  /** Compiles operations. */
  readonly compiling: TurnQueue;
  /** Documents of open subscriptions, which are used again also when they are not cached. */
  readonly open: OpenDocuments;
}

const MAX_CACHED_DOCUMENTS = 100;
const MAX_CACHED_REFUSALS = 1000;
/** UTF-16 units. Programs send shorter documents again and again. A parsed document takes a hundred times the memory of its text. */
const MAX_CACHED_LENGTH = 4096;
/** UTF-16 units of the messages of a cached refusal. */
const MAX_REFUSAL_LENGTH = 8192;
/** Compiled operations of one document: each takes about 20 KiB, and a document may have a hundred operations. */
const MAX_COMPILED_OPERATIONS = 10;

/**
 * Checks documents: first their tokens, then the size of their answers, and only then all rules of GraphQL, some of which take
 * quadratic time. Documents and refusals are cached. New documents are checked round-robin by owner.
 */
export class Documents {
  readonly #options: DocumentsOptions;
  readonly #rules: readonly ValidationRule[];
  readonly #queue = new FairQueue();
  readonly #documents = new LRUCache<string, CheckedDocument>({ max: MAX_CACHED_DOCUMENTS });
  /** By the SHA-256 of their texts. */
  readonly #refusals = new LRUCache<string, readonly GraphQLError[]>({ max: MAX_CACHED_REFUSALS });

  constructor(options: DocumentsOptions) {
    this.#options = options;
    this.#rules = options.introspection
      ? specifiedRules
      : [...specifiedRules, NoSchemaIntrospectionCustomRule, noSubgraphSdl];
  }

  /** @returns a promise when the owner has to wait */
  check(text: string, ownerId: string): Check | Promise<Check> {
    const known = this.#known(text);
    if (known !== undefined) return known;
    const key = createHash('sha256').update(text).digest('base64');
    const refused = this.#refusals.get(key);
    if (refused !== undefined) return { errors: refused };
    return this.#queue.run(ownerId, () => this.#known(text) ?? this.#checkNow(text, key)) ?? BUSY;
  }

  #known(text: string): CheckedDocument | undefined {
    return this.#documents.get(text) ?? this.#options.open.get(text);
  }

  #checkNow(text: string, key: string): Check {
    const check = this.#examine(text);
    if (!('errors' in check)) {
      if (text.length <= MAX_CACHED_LENGTH) this.#documents.set(text, check);
      return check;
    }
    const errors = check.errors.map((error) =>
      detached(shortened(this.#options.introspection ? error : withoutSuggestion(error))),
    );
    const length = errors.reduce((sum, { message }) => sum + message.length, 0);
    if (length <= MAX_REFUSAL_LENGTH) this.#refusals.set(key, errors);
    return { errors };
  }

  #examine(text: string): Check {
    const { schema, compiling } = this.#options;
    try {
      checkTokens(text);
      const document = parse(text);
      const { operations, errors } = measure(schema, document);
      for (const [{ operation }, measured] of operations) checkSize(measured, operation);
      if (errors.length === 0) errors.push(...validate(schema, document, this.#rules));
      if (errors.length > 0)
        return { errors: errors.map((error) => coded(error, 'GRAPHQL_VALIDATION_FAILED')) };
      const plans = new Map<OperationDefinitionNode, OperationPlan>();
      for (const [operation, measured] of operations) {
        const canCompile = plans.size < MAX_COMPILED_OPERATIONS;
        plans.set(
          operation,
          new OperationPlan({
            schema,
            document,
            operation,
            measured,
            compiling: canCompile ? compiling : null,
          }),
        );
      }
      return new CheckedDocument(text, document, plans);
    } catch (error) {
      if (error instanceof GraphQLError) return { errors: [coded(error, 'GRAPHQL_PARSE_FAILED')] };
      throw error;
    }
  }
}

/** A valid document within all limits. */
export class CheckedDocument {
  readonly text: string;
  readonly document: DocumentNode;
  readonly #plans: ReadonlyMap<OperationDefinitionNode, OperationPlan>;

  constructor(
    text: string,
    document: DocumentNode,
    plans: ReadonlyMap<OperationDefinitionNode, OperationPlan>,
  ) {
    this.text = text;
    this.document = document;
    this.#plans = plans;
  }

  /** @returns null when the document has no such operation, or has several and none is named */
  plan(operationName: string | null | undefined): OperationPlan | null {
    const operation = getOperationAST(this.document, operationName);
    return operation == null ? null : (this.#plans.get(operation) ?? null);
  }
}

const BUSY: Check = {
  errors: [
    new GraphQLError(
      'You send new documents faster than they can be checked. Use variables instead of values in the document, or try again in a second.',
      { extensions: { code: 'RATE_LIMITED', retryAfterSeconds: 1, http: { status: 429 } } },
    ),
  ],
};

/** With `spec`, clients that accept plain JSON get status 200 for errors in a document. */
function coded(error: GraphQLError, code: string): GraphQLError {
  error.extensions['code'] ??= code;
  error.extensions['http'] ??= { status: 400, spec: true };
  return error;
}

/** Copies an error for the cache. Its nodes would keep the parsed document in memory, and its stack the text. */
function detached({ message, locations, extensions }: GraphQLError): GraphQLError {
  return Object.assign(new GraphQLError(message, { extensions }), { locations, stack: message });
}

/** A validation rule that refuses the SDL of the subgraph, for a gateway without introspection. */
function noSubgraphSdl(context: ValidationContext): ASTVisitor {
  return {
    Field(node) {
      if (node.name.value !== '_service') return;
      const message = 'The schema is not shown here: introspection is switched off.';
      context.reportError(new GraphQLError(message, { nodes: node }));
    },
  };
}

/** A document of 100 jobs with every field has about 2,000. */
const MAX_TOKENS = 4000;
/** Nested brackets of any kind; the introspection query of GraphiQL has 15. */
const MAX_NESTING = 64;
/** UTF-16 units of a document; WebSocket frames have the same limit in bytes. */
const MAX_LENGTH = 64 * 1024;
/** UTF-16 units of an alias or another name. Each error repeats the aliases of its path and may name its operation. */
const MAX_NAME_LENGTH = 256;

/**
 * Counts tokens and nesting without recursion, before recursive code reads the document.
 *
 * @throws GraphQLError for a document over a limit, and for a syntax error
 */
export function checkTokens(text: string): void {
  if (text.length > MAX_LENGTH)
    throw tooLarge(`is longer than ${MAX_LENGTH.toLocaleString('en')} characters`);
  const lexer = new Lexer(new Source(text));
  let tokens = 0;
  let nesting = 0;
  while (lexer.advance().kind !== TokenKind.EOF) {
    if (++tokens > MAX_TOKENS) throw tooLarge(`has more than ${MAX_TOKENS.toLocaleString('en')} tokens`);
    if (lexer.token.kind === TokenKind.NAME && lexer.token.value.length > MAX_NAME_LENGTH) {
      throw tooLarge(`has a name of more than ${MAX_NAME_LENGTH} characters`);
    }
    if (OPENING.has(lexer.token.kind) && ++nesting > MAX_NESTING) {
      throw tooLarge(`is nested more than ${MAX_NESTING} levels deep`);
    }
    if (CLOSING.has(lexer.token.kind)) nesting -= 1;
  }
}

const OPENING: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const CLOSING: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

function tooLarge(fault: string): GraphQLError {
  return refusal(400, 'DOCUMENT_TOO_LARGE', `The document is too large: it ${fault}.`);
}

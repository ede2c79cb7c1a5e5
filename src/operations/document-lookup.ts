import { GraphQLError } from 'graphql';
import { badInput, refusal } from '../graphql/errors.ts';
import type { OperationParams, OperationRequest } from './operation.ts';

/**
 * Finds the text of the document that a request names: by the text itself, by an id, or by a hash. The same for every transport.
 */
export interface DocumentLookup {
  /**
   * @returns a promise when the text has to be read from the store
   * @throws GraphQLError, also by the promise, when the request names no document or one that is not known or not allowed
   */
  find(params: OperationParams): string | Promise<string>;
  /** Called with each document that has passed all checks. Does not throw. */
  onChecked?(text: string, request: OperationRequest): void;
}

/** Whether a request has the text of its document. Some clients send an empty one together with an id. */
export function isText(query: unknown): query is string {
  return typeof query === 'string' && query !== '';
}

/**
 * Reads `extensions.persistedQuery`, as Apollo's clients and others send it: `{ "version": 1, "sha256Hash": "…" }`.
 *
 * @returns its hash; null when there is none
 * @throws GraphQLError when it is malformed, or of another version
 */
export function persistedQueryHash(extensions: unknown): string | null {
  const persisted = property(extensions, 'persistedQuery');
  if (persisted == null) return null;
  const version = property(persisted, 'version') ?? 1;
  if (version !== 1)
    throw new PersistedQueryError(
      'PERSISTED_QUERY_NOT_SUPPORTED',
      'The version of `extensions.persistedQuery` is not supported. Send version 1, or only the `query`.',
    );
  const hash = property(persisted, 'sha256Hash');
  if (typeof hash === 'string') return hash;
  const error = badInput('`extensions.persistedQuery` needs a `sha256Hash`, the SHA-256 of the `query`.');
  error.extensions['http'] = { status: 400 };
  throw error;
}

/** A request names no document. */
export function missingQuery() {
  return refusal(400, 'BAD_REQUEST', 'The parameter `query` is missing.');
}

/**
 * A client that gets one of these errors sends the text of the document. Some clients know the codes, others only the messages
 * `PersistedQueryNotFound` and `PersistedQueryNotSupported`. With `spec`, clients that accept plain JSON get status 200.
 */
export class PersistedQueryError extends GraphQLError {
  constructor(code: 'PERSISTED_QUERY_NOT_FOUND' | 'PERSISTED_QUERY_NOT_SUPPORTED', message: string) {
    super(message, { extensions: { code, http: { status: 400, spec: true } } });
  }
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && name in value ? Reflect.get(value, name) : undefined;
}

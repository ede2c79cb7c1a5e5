import { createHash } from 'node:crypto';
import { emitFault } from '../events/emit-fault.ts';
import type { EventEmitter } from '../events/gateway-events.ts';
import { badInput } from '../graphql/errors.ts';
import type { RegisteredDocuments } from '../store/registered-documents.ts';
import {
  type DocumentLookup,
  isText,
  missingQuery,
  PersistedQueryError,
  persistedQueryHash,
} from './document-lookup.ts';
import type { OperationParams, OperationRequest } from './operation.ts';

/** Options of `PersistedQueries`. */
export interface PersistedQueriesOptions {
  readonly documents: RegisteredDocuments;
  readonly events: EventEmitter;
}

/**
 * Automatic persisted queries, where any document may be executed. A client first sends only the hash of its document. When the hash is not
 * registered the client sends hash and text, which registers the document once it has passed all checks.
 */
export class PersistedQueries implements DocumentLookup {
  readonly #options: PersistedQueriesOptions;

  constructor(options: PersistedQueriesOptions) {
    this.#options = options;
  }

  find({ query, documentId, extensions }: OperationParams): string | Promise<string> {
    const hash = persistedQueryHash(extensions)?.toLowerCase() ?? null;
    if (isText(query)) {
      if (hash !== null && hash !== sha256(query)) throw mismatch();
      return query;
    }
    if (hash !== null) return this.#findByHash(hash);
    throw documentId == null ? missingQuery() : noTrustedDocuments();
  }

  onChecked(text: string, { params, caller: { ownerId } }: OperationRequest): void {
    // A request without a text has found its document by the hash.
    if (params.extensions == null || !isText(params.query)) return;
    const hash = persistedQueryHash(params.extensions)?.toLowerCase();
    if (hash === undefined) return;
    this.#register(hash, text, ownerId);
  }

  #findByHash(hash: string): string | Promise<string> {
    // No other hash can be registered.
    if (!/^[0-9a-f]{64}$/.test(hash)) throw notFound();
    const found = this.#options.documents.find(hash);
    if (!(found instanceof Promise)) return known(found);
    return found.then(known, (error: unknown) => {
      // The client then sends the text, for which the store is not needed.
      this.#warn('a registered document could not be read', error);
      throw notFound();
    });
  }

  #register(hash: string, text: string, ownerId: string): void {
    const adding = this.#options.documents.add({ hash, text, ownerId });
    // The answer does not wait for it: an instance that does not find the document asks for its text again.
    if (adding instanceof Promise)
      adding.catch((error: unknown) => this.#warn('a document could not be registered', error));
  }

  #warn(message: string, err: unknown): void {
    emitFault(this.#options.events, 'server', 'warn', message, { err });
  }
}

function known(text: string | null): string {
  if (text === null) throw notFound();
  return text;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function notFound() {
  return new PersistedQueryError('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound');
}

function mismatch() {
  const error = badInput(
    'The `sha256Hash` of `extensions.persistedQuery` is not the SHA-256 of the `query` in hexadecimal. Send the hash of exactly this text, or leave it out.',
  );
  error.extensions['http'] = { status: 400 };
  return error;
}

function noTrustedDocuments() {
  return new PersistedQueryError(
    'PERSISTED_QUERY_NOT_SUPPORTED',
    'This gateway has no trusted documents (setting TRUSTED_DOCUMENTS_FILE), so it knows no `documentId`. Send the text of the document as `query`.',
  );
}

import { parse } from 'graphql';
import { z } from 'zod';
import { readSettingsFile } from '../config/settings-file.ts';
import { refusal } from '../graphql/errors.ts';
import {
  type DocumentLookup,
  isText,
  missingQuery,
  PersistedQueryError,
  persistedQueryHash,
} from './document-lookup.ts';
import type { OperationParams } from './operation.ts';

const fileSchema = z.record(z.string().min(1), z.string().refine(isDocument, 'is not a GraphQL document'));

/** The only documents that are executed, by their ids. A client may also send the exact text of one of them. */
export class TrustedDocuments implements DocumentLookup {
  readonly #byId: ReadonlyMap<string, string>;
  readonly #texts: ReadonlySet<string>;

  private constructor(byId: ReadonlyMap<string, string>) {
    this.#byId = byId;
    this.#texts = new Set(byId.values());
  }

  /**
   * Reads the file: `{ "id": "query { … }", … }`, the format of code generators.
   *
   * @throws SettingsFileError
   */
  static read(path: string): TrustedDocuments {
    return new TrustedDocuments(
      new Map(Object.entries(readSettingsFile('TRUSTED_DOCUMENTS_FILE', path, fileSchema))),
    );
  }

  /**
   * @throws GraphQLError with code DOCUMENT_NOT_TRUSTED or PERSISTED_QUERY_NOT_FOUND; for the hash of another document
   *   PERSISTED_QUERY_NOT_SUPPORTED, so that the client sends the text, which may be trusted
   */
  find({ query, documentId, extensions }: OperationParams): string {
    if (isText(query)) {
      if (this.#texts.has(query)) return query;
      throw refusal(
        400,
        'DOCUMENT_NOT_TRUSTED',
        'Only trusted documents are executed here: send the id of one as `documentId`.',
      );
    }
    if (documentId != null) {
      const text = typeof documentId === 'string' ? this.#byId.get(documentId) : undefined;
      if (text === undefined)
        throw refusal(400, 'PERSISTED_QUERY_NOT_FOUND', 'No trusted document has this id.');
      return text;
    }
    const hash = persistedQueryHash(extensions);
    if (hash === null) throw missingQuery();
    const text = this.#byId.get(hash);
    if (text === undefined)
      throw new PersistedQueryError('PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported');
    return text;
  }
}

function isDocument(text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}

import { parse } from 'graphql';
import { z } from 'zod';
import { readSettingsFile } from '../config/settings-file.ts';
import { refusal } from '../graphql/errors.ts';
import type { OperationParams } from './operation.ts';

const fileSchema = z.record(z.string().min(1), z.string().refine(isDocument, 'is not a GraphQL document'));
/** In `extensions`, as Apollo's clients send it. */
const apolloSchema = z.object({ persistedQuery: z.object({ sha256Hash: z.string() }) });

/** The only documents that are executed, by their ids. A client may also send the exact text of one of them. */
export class TrustedDocuments {
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

  /** @returns null when the id is unknown or the text is not trusted */
  find(params: OperationParams): string | null {
    const { query } = params;
    if (!isText(query)) return this.#byId.get(idOf(params) ?? '') ?? null;
    return this.#texts.has(query) ? query : null;
  }

  /** @throws GraphQLError with code DOCUMENT_NOT_TRUSTED or PERSISTED_QUERY_NOT_FOUND */
  resolve(params: OperationParams): string {
    const document = this.find(params);
    if (document !== null) return document;
    if (!isText(params.query))
      throw refusal(400, 'PERSISTED_QUERY_NOT_FOUND', 'No trusted document has this id.');
    throw refusal(
      400,
      'DOCUMENT_NOT_TRUSTED',
      'Only trusted documents are executed here: send the id of one as `documentId`.',
    );
  }
}

function isText(query: unknown): query is string {
  return typeof query === 'string' && query !== '';
}

function idOf({ documentId, extensions }: OperationParams): string | null {
  if (typeof documentId === 'string') return documentId;
  const apollo = apolloSchema.safeParse(extensions);
  return apollo.success ? apollo.data.persistedQuery.sha256Hash : null;
}

function isDocument(text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}

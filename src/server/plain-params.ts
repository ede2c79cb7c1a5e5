import type { TrustedDocuments } from './trusted-documents.ts';

/** The parameters of an operation, when there is nothing special about them. */
export interface PlainParams {
  readonly query: string;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
}

const PLAIN = new Set(['query', 'documentId', 'operationName', 'variables']);

/**
 * Takes the parameters out of a body.
 *
 * @param trusted the only documents that are run; null: any
 * @returns null for anything but a `query` that may be run with, maybe, variables and the name of an operation
 */
export function plainParams(body: unknown, trusted: TrustedDocuments | null): PlainParams | null {
  if (!isRecord(body)) return null;
  for (const name of Object.keys(body)) if (!PLAIN.has(name)) return null;
  const { query: text, operationName, variables } = body;
  if (trusted === null && body['documentId'] !== undefined) return null;
  const query = trusted === null ? text : trusted.find(body);
  if (typeof query !== 'string') return null;
  if (operationName != null && typeof operationName !== 'string') return null;
  if (variables != null && !isRecord(variables)) return null;
  return { query, operationName: operationName ?? undefined, variables: variables ?? {} };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

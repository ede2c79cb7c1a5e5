/** A response as data. It is complete before the first byte is written, so that a fault can change it. */
export type Reply = BytesReply | FileReply | { readonly kind: 'destroy' } | { readonly kind: 'hang' };

/** A response in memory. `send` adds its `content-length`. */
export interface BytesReply {
  readonly kind: 'bytes';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** `length` bytes of a file from `start`. */
export interface FileReply {
  readonly kind: 'file';
  readonly status: 200 | 206;
  readonly headers: Readonly<Record<string, string>>;
  readonly path: string;
  readonly start: number;
  readonly length: number;
}

/** JSON; `undefined` fields are omitted. */
export function jsonReply(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): BytesReply {
  return {
    kind: 'bytes',
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}

/** The shape of every error: `{"error":"<string>"}` [docs]. */
export function errorReply(
  status: number,
  error: string,
  headers: Readonly<Record<string, string>> = {},
): BytesReply {
  return jsonReply(status, { error }, headers);
}

/** A small HTML page, as a proxy in front of the API sends it. */
export function htmlReply(
  status: number,
  title: string,
  headers: Readonly<Record<string, string>> = {},
): BytesReply {
  return {
    kind: 'bytes',
    status,
    headers: { 'content-type': 'text/html; charset=utf-8', ...headers },
    body: `<!doctype html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`,
  };
}

/** What a request is answered with, decided before a byte is written, so that a fault can still change it. */
export type Reply = BytesReply | FileReply | { readonly kind: 'destroy' } | { readonly kind: 'hang' };

/** An answer held whole in memory. Its `content-length` is added when it is sent. */
export interface BytesReply {
  readonly kind: 'bytes';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** A file of known size, or `length` bytes of it from `start`. */
export interface FileReply {
  readonly kind: 'file';
  readonly status: 200 | 206;
  readonly headers: Readonly<Record<string, string>>;
  readonly path: string;
  readonly start: number;
  readonly length: number;
}

/** JSON with `undefined` fields left out. */
export function json(
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

/** The shape of every refusal: `{"error":"<string>"}` [docs]. */
export function errorReply(
  status: number,
  error: string,
  headers: Readonly<Record<string, string>> = {},
): BytesReply {
  return json(status, { error }, headers);
}

/** What a proxy in front of the API answers: a small HTML page. */
export function page(
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

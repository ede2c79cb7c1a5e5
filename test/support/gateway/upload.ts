import { answerOf, http, type HttpAnswer } from './http.ts';

/** The first bytes of images, as many as the type detection reads. */
export const PNG = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0]);
export const JPEG = new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0]);
export const WEBP = new Uint8Array([0x52, 0x49, 0x46, 0x46, 1, 2, 3, 4, 0x57, 0x45, 0x42, 0x50]);

export const MIB = 1024 * 1024;

export const UPLOAD = 'mutation ($file: File!) { uploadImage(file: $file) { url contentType byteLength } }';
export const OPERATIONS = JSON.stringify({ query: UPLOAD, variables: { file: null } });
export const MAP = '{"0":["variables.file"]}';

/** The parts of a form in order: text is a field, bytes are a file. */
export type Parts = readonly (readonly [name: string, content: string | Uint8Array<ArrayBuffer>])[];

/** The parts of an upload. */
export function uploadOf(
  file: Uint8Array<ArrayBuffer>,
  { operations = OPERATIONS, map = MAP }: { operations?: string; map?: string } = {},
): Parts {
  return [
    ['operations', operations],
    ['map', map],
    ['0', file],
  ];
}

/** Bytes of this length that begin like a PNG. */
export function pngOf(byteLength: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(byteLength);
  bytes.set(PNG);
  return bytes;
}

/** POSTs a form as browsers do. */
export function postForm(
  url: string,
  parts: Parts,
  { headers = {}, signal = null }: { headers?: Record<string, string>; signal?: AbortSignal | null } = {},
): Promise<HttpAnswer> {
  const form = new FormData();
  for (const [name, content] of parts) {
    if (typeof content === 'string') form.append(name, content);
    else form.append(name, new Blob([content]), 'image.png');
  }
  return http(`${url}/graphql`, {
    method: 'POST',
    body: form,
    headers: { accept: 'application/json', ...headers },
    signal,
  });
}

/** Uploads a file, with a token if one is given. */
export function postUpload(
  url: string,
  file: Uint8Array<ArrayBuffer>,
  token: string | null = null,
): Promise<HttpAnswer> {
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  return postForm(url, uploadOf(file), { headers });
}

/** The bytes of a form with the boundary `b`. */
export function rawForm(parts: Parts): Buffer {
  const written = parts.map(([name, content]) => {
    const file = typeof content === 'string' ? '' : '; filename="image.png"';
    return Buffer.concat([
      Buffer.from(`--b\r\ncontent-disposition: form-data; name="${name}"${file}\r\n\r\n`),
      Buffer.from(content),
      Buffer.from('\r\n'),
    ]);
  });
  return Buffer.concat([...written, Buffer.from('--b--\r\n')]);
}

/** The content type of `rawForm`. */
export const FORM = 'multipart/form-data; boundary=b';

/** The head of a request with such a form. */
export function formHead(lines: readonly string[]): string {
  return ['POST /graphql HTTP/1.1', 'host: a', `content-type: ${FORM}`, ...lines, '', ''].join('\r\n');
}

/** The status of a response and the code of its first error; undefined without errors. */
export function refusalOf({ status, text }: HttpAnswer): [status: number, code: unknown] {
  return [status, answerOf(text).errors?.[0]?.extensions?.['code']];
}

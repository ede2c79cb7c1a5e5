import { createFetch } from '@whatwg-node/fetch';
import { MAX_IMAGE_BYTES } from '../domain/image-type.ts';
import { badRequest, refusal } from './refusal.ts';

/** Bytes of a whole form: the file, the fields and what stands between them. */
export const MAX_FORM_BYTES = MAX_IMAGE_BYTES + 512 * 1024;

/** The parser that Yoga reads forms with, with limits. */
const { Response } = createFetch({
  formDataLimits: {
    files: 1,
    fileSize: MAX_IMAGE_BYTES,
    // `operations` and `map`.
    fields: 2,
    fieldSize: 128 * 1024,
    fieldNameSize: 100,
    parts: 4,
    headerSize: 4096,
  },
});

/** Bytes that are parsed in one go, so that a form of very many parts is given up early. */
const CHUNK_BYTES = 64 * 1024;

/** The parts of a form. */
export interface Form {
  /** @returns null when there is no such part, or it is a file */
  text(name: string): string | null;
  /** @returns null when there is no such part, or it is no file */
  file(name: string): Promise<Uint8Array | null>;
}

/**
 * Parses a form that is there as a whole.
 *
 * @param contentType with the boundary
 * @throws GraphQLError with status 400, or 413 for a file that is too large
 */
export async function parseForm(bytes: Buffer, contentType: string): Promise<Form> {
  const parts = await formDataOf(bytes, contentType);
  return {
    text: (name) => {
      const part = parts.get(name);
      return typeof part === 'string' ? part : null;
    },
    file: async (name) => {
      const part = parts.get(name);
      return part === null || typeof part === 'string' ? null : part.bytes();
    },
  };
}

async function formDataOf(bytes: Buffer, contentType: string): Promise<FormData> {
  try {
    return await new Response(inChunks(bytes), {
      headers: { 'content-type': contentType },
    }).formData();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (reason.startsWith('File size limit')) throw fileTooLarge();
    if (reason.startsWith('Files limit')) throw badRequest('The form has more than one file.');
    throw badRequest(`The form cannot be read: ${reason}`);
  }
}

/** For a file, or a form, that is larger than allowed. */
export function fileTooLarge(): Error {
  return refusal(413, 'REQUEST_ENTITY_TOO_LARGE', 'The file is larger than 10 MiB.');
}

function inChunks(bytes: Buffer): ReadableStream {
  let start = 0;
  return new ReadableStream({
    pull: (stream) => {
      if (start >= bytes.length) return stream.close();
      stream.enqueue(bytes.subarray(start, start + CHUNK_BYTES));
      start += CHUNK_BYTES;
    },
  });
}

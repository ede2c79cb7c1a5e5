import type { IncomingMessage } from 'node:http';
import { Busboy, type BusboyInstance } from '@fastify/busboy';
import { MAX_IMAGE_BYTES } from '../../../domain/request/image-type.ts';
import { badRequest, tooSlow, watchPace } from '../graphql/read-body.ts';
import { refusal } from '../../../graphql/errors.ts';
import { tooManyUploads, type UploadSlot } from './upload-slots.ts';

/** Bytes of a whole form: the file, the fields and the delimiters. */
const MAX_FORM_BYTES = MAX_IMAGE_BYTES + 512 * 1024;
const LIMITS = {
  files: 1,
  fileSize: MAX_IMAGE_BYTES,
  // `operations` and `map`.
  fields: 2,
  fieldSize: 128 * 1024,
  fieldNameSize: 100,
  parts: 4,
  headerSize: 4096,
};

/** A chunk of one byte would take a hundred bytes of memory: small chunks are collected in blocks of this size. */
const BLOCK_BYTES = 64 * 1024;
/** Chunks of this size and larger are kept without a copy. */
const SMALL_BYTES = 16 * 1024;

/** The file of a form. */
export interface FormFile {
  readonly name: string;
  readonly chunks: readonly Uint8Array[];
}

/** A form. Of several fields with one name, the first is used. */
export interface Form {
  readonly fields: ReadonlyMap<string, string>;
  /** Null when there is none. */
  readonly file: FormFile | null;
}

/**
 * Reads a form while it arrives. After an error the rest of the body is discarded, so that the connection stays usable.
 *
 * @param slot counts the bytes
 * @throws GraphQLError with status 400, 408, 413, or 503 when its memory is needed for other uploads
 */
export function readForm(request: IncomingMessage, slot: UploadSlot): Promise<Form> {
  const { promise, resolve, reject } = Promise.withResolvers<Form>();
  const { headers } = request;
  if (Number(headers['content-length'] ?? 0) > MAX_FORM_BYTES) return Promise.reject(fileTooLarge());
  // The client has disconnected already; `close` is not emitted again.
  if (request.destroyed) return Promise.reject(badRequest(CUT));
  const parser = openParser(headers['content-type'] ?? '');
  const input = new Blocks((block) => parser.write(block));
  const file = new Blocks();
  const fields = new Map<string, string>();
  let fileName: string | null = null;
  let isRead = false;
  let isParsed = false;
  let isOver = false;
  let length = 0;

  const fail = (error: Error): void => {
    isOver = true;
    file.clear();
    input.clear();
    reject(error);
  };
  const finish = (): void => {
    file.flush();
    slot.complete();
    resolve({ fields, file: fileName === null ? null : { name: fileName, chunks: file.take() } });
  };
  slot.onCut(() => fail(tooManyUploads()));
  const stopWatching = watchPace(request, () => fail(tooSlow()));

  parser.on('field', (name, value, _isNameCut, isValueCut) => {
    if (isValueCut) fail(badRequest(`The field ${JSON.stringify(name)} is longer than 128 KiB.`));
    else if (!fields.has(name)) fields.set(name, value);
  });
  parser.on('file', (name, stream) => {
    fileName = name;
    stream.on('data', (chunk: Buffer) => {
      if (!isOver) file.add(chunk);
    });
    stream.on('limit', () => fail(fileTooLarge()));
    stream.on('error', (error) => fail(unreadable(error.message)));
  });
  parser.on('filesLimit', () => fail(badRequest('The form has more than one file.')));
  parser.on('fieldsLimit', () => fail(badRequest('The form has more than two fields.')));
  parser.on('partsLimit', () => fail(badRequest('The form has more than four parts.')));
  parser.on('error', (error) => fail(unreadable(error instanceof Error ? error.message : String(error))));

  request.on('data', (chunk: Buffer) => {
    if (isOver) return;
    length += chunk.length;
    if (length > MAX_FORM_BYTES) fail(fileTooLarge());
    else if (!slot.grow(chunk.length)) fail(tooManyUploads());
    else input.add(chunk);
  });
  request.on('end', () => {
    if (isOver) return;
    isRead = true;
    input.flush();
    if (isParsed) finish();
    else parser.end();
  });
  // Emitted after the last delimiter of the form, which may come before the end of the body.
  parser.on('finish', () => {
    isParsed = true;
    if (isRead && !isOver) finish();
  });
  // An error without a listener only closes the request.
  request.on('close', () => {
    if (!isRead) fail(badRequest(CUT));
  });
  return promise.finally(() => {
    isOver = true;
    stopWatching();
  });
}

const CUT = 'The body is incomplete.';

function openParser(contentType: string): BusboyInstance {
  try {
    return new Busboy({ headers: { 'content-type': contentType }, limits: LIMITS });
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : String(error));
  }
}

function unreadable(reason: string): Error {
  return badRequest(`The form is malformed: ${reason}`);
}

/** A file or a form is too large. */
function fileTooLarge(): Error {
  return refusal(413, 'REQUEST_ENTITY_TOO_LARGE', 'The file is larger than 10 MiB.');
}

/** Collects bytes in blocks, which are kept or passed on. */
class Blocks {
  readonly #onBlock: (block: Buffer) => void;
  #kept: Buffer[] = [];
  #block: Buffer | null = null;
  #length = 0;

  /** @param onBlock gets each block; absent: they are kept */
  constructor(onBlock?: (block: Buffer) => void) {
    this.#onBlock = onBlock ?? ((block) => this.#kept.push(block));
  }

  add(chunk: Buffer): void {
    if (chunk.length >= SMALL_BYTES) {
      this.flush();
      this.#onBlock(chunk);
      return;
    }
    for (let start = 0; start < chunk.length;) {
      this.#block ??= Buffer.allocUnsafeSlow(BLOCK_BYTES);
      const copied = chunk.copy(this.#block, this.#length, start);
      start += copied;
      this.#length += copied;
      if (this.#length === BLOCK_BYTES) this.flush();
    }
  }

  /** Completes the block that is not full. */
  flush(): void {
    const block = this.#block?.subarray(0, this.#length);
    this.#block = null;
    this.#length = 0;
    if (block !== undefined && block.length > 0) this.#onBlock(block);
  }

  /** The blocks that were kept. */
  take(): readonly Buffer[] {
    const kept = this.#kept;
    this.clear();
    return kept;
  }

  clear(): void {
    this.#kept = [];
    this.#block = null;
    this.#length = 0;
  }
}

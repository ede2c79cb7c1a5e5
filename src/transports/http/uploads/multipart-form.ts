import type { IncomingMessage } from 'node:http';
import { Busboy, type BusboyInstance } from '@fastify/busboy';
import { MAX_IMAGE_BYTES } from '../../../domain/request/image-type.ts';
import { refusal } from '../../../graphql/errors.ts';
import { badRequest, tooSlow, watchRate } from '../graphql/read-body.ts';
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
export async function readForm(request: IncomingMessage, slot: UploadSlot): Promise<Form> {
  const { headers, destroyed } = request;
  if (Number(headers['content-length'] ?? 0) > MAX_FORM_BYTES) throw fileTooLarge();
  // The client has disconnected already; `close` is not emitted again.
  if (destroyed) throw incomplete();
  return new FormReader(headers['content-type'] ?? '', slot).read(request);
}

class FormReader {
  readonly #slot: UploadSlot;
  readonly #parser: BusboyInstance;
  readonly #input: Blocks;
  readonly #file = new Blocks();
  readonly #fields = new Map<string, string>();
  readonly #form = Promise.withResolvers<Form>();
  #fileName: string | null = null;
  /** Bytes of the body that have arrived. */
  #length = 0;
  /** Whether the whole body has arrived. */
  #isRead = false;
  /** Whether the last delimiter of the form was parsed. It may come before the end of the body. */
  #isParsed = false;
  /** Whether the form is complete or refused. */
  #isOver = false;

  constructor(contentType: string, slot: UploadSlot) {
    this.#slot = slot;
    this.#parser = openParser(contentType);
    this.#input = new Blocks((block) => this.#parser.write(block));
  }

  /** Called once. */
  async read(request: IncomingMessage): Promise<Form> {
    this.#slot.onEvicted(() => this.#fail(tooManyUploads()));
    const stopWatching = watchRate(request, () => this.#fail(tooSlow()));
    this.#listenToParser();
    request.on('data', (chunk: Buffer) => this.#receive(chunk));
    request.on('end', () => this.#end());
    // An error without a listener only closes the request.
    request.on('close', () => {
      if (!this.#isRead) this.#fail(incomplete());
    });
    try {
      return await this.#form.promise;
    } finally {
      this.#isOver = true;
      stopWatching();
    }
  }

  #listenToParser(): void {
    const parser = this.#parser;
    parser.on('field', (name, value, _isNameCut, isValueCut) => {
      if (isValueCut) this.#fail(badRequest(`The field ${JSON.stringify(name)} is longer than 128 KiB.`));
      else if (!this.#fields.has(name)) this.#fields.set(name, value);
    });
    parser.on('file', (name, stream) => {
      this.#fileName = name;
      stream.on('data', (chunk: Buffer) => {
        if (!this.#isOver) this.#file.add(chunk);
      });
      stream.on('limit', () => this.#fail(fileTooLarge()));
      stream.on('error', (error) => this.#fail(malformed(error)));
    });
    parser.on('filesLimit', () => this.#fail(badRequest('The form has more than one file.')));
    parser.on('fieldsLimit', () => this.#fail(badRequest('The form has more than two fields.')));
    parser.on('partsLimit', () => this.#fail(badRequest('The form has more than four parts.')));
    parser.on('error', (error) => this.#fail(malformed(error)));
    parser.on('finish', () => {
      this.#isParsed = true;
      if (this.#isRead && !this.#isOver) this.#complete();
    });
  }

  #receive(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#length += chunk.length;
    if (this.#length > MAX_FORM_BYTES) this.#fail(fileTooLarge());
    else if (!this.#slot.grow(chunk.length)) this.#fail(tooManyUploads());
    else this.#input.add(chunk);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isRead = true;
    this.#input.flush();
    if (this.#isParsed) this.#complete();
    else this.#parser.end();
  }

  #complete(): void {
    this.#file.flush();
    this.#slot.complete();
    const name = this.#fileName;
    this.#form.resolve({
      fields: this.#fields,
      file: name === null ? null : { name, chunks: this.#file.take() },
    });
  }

  #fail(error: Error): void {
    this.#isOver = true;
    this.#file.clear();
    this.#input.clear();
    this.#form.reject(error);
  }
}

function openParser(contentType: string): BusboyInstance {
  try {
    return new Busboy({ headers: { 'content-type': contentType }, limits: LIMITS });
  } catch (error) {
    throw malformed(error);
  }
}

function malformed(error: unknown): Error {
  const reason = error instanceof Error ? error.message : String(error);
  return badRequest(`The form is malformed: ${reason}`);
}

/** The client disconnected before the end of the body. */
function incomplete(): Error {
  return badRequest('The body is incomplete.');
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

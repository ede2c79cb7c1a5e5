import type { IncomingMessage } from 'node:http';
import { GraphQLError } from 'graphql';
import { z } from 'zod';
import type { Caller } from '../../../domain/caller.ts';
import { requireOwner } from '../../../graphql/context.ts';
import { UploadedFile } from '../../../graphql/types/scalars.ts';
import { batchingNotSupported } from '../graphql/batches.ts';
import { badRequest } from '../graphql/read-body.ts';
import { type Form, readForm } from './multipart-form.ts';
import type { UploadSlot } from './upload-slots.ts';

/** Exactly one file, at exactly one place. */
const mapSchema = z.record(z.string(), z.tuple([z.string()]));

/**
 * Called before a form is read: a form is always an upload.
 *
 * @throws GraphQLError with status 403 when the caller may not upload
 */
export function checkMayUpload(caller: Caller): void {
  try {
    requireOwner(caller, 'video:generate');
  } catch (error) {
    if (error instanceof GraphQLError) error.extensions['http'] = { status: 403 };
    throw error;
  }
}

/** An operation with its file. */
export interface MultipartOperation {
  readonly params: object;
  readonly file: UploadedFile;
}

/**
 * Reads an operation with one file by the GraphQL multipart request specification. Yoga's parser is not used: it creates missing
 * places that `map` names, and fails unexpectedly when `map` is not an object.
 *
 * @throws as readForm; GraphQLError with status 400
 */
export async function readMultipart(request: IncomingMessage, slot: UploadSlot): Promise<MultipartOperation> {
  const form = await readForm(request, slot);
  const params = parseJson(form, 'operations');
  if (Array.isArray(params)) throw batchingNotSupported();
  if (typeof params !== 'object' || params === null) {
    throw badRequest('`operations` must be one operation: an object with a `query`.');
  }
  const { part, place } = readMap(form);
  if (form.file?.name !== part)
    throw badRequest(`The form has no file named ${JSON.stringify(part)}, as \`map\` says.`);
  const file = new UploadedFile(form.file.chunks);
  putFile(params, place, file);
  return { params, file };
}

function readMap(form: Form): { part: string; place: string } {
  const map = mapSchema.safeParse(parseJson(form, 'map')).data ?? {};
  const [entry, ...more] = Object.entries(map);
  if (entry === undefined || more.length > 0) {
    throw badRequest('`map` must name one file and one place for it: { "0": ["variables.file"] }.');
  }
  const [part, [place]] = entry;
  return { part, place };
}

/** Puts the file in its place, which must be null. */
function putFile(params: object, place: string, file: UploadedFile): void {
  const keys = place.split('.');
  const last = keys.pop() ?? '';
  const holder = keys.reduce<unknown>(ownValue, params);
  if (keys[0] !== 'variables' || !isObject(holder) || ownValue(holder, last) !== null) {
    throw badRequest('The place that `map` names must be null in the `variables` of `operations`.');
  }
  Reflect.set(holder, last, file);
}

/** Reads own properties only: a place must not lead to a prototype. */
function ownValue(holder: unknown, key: string): unknown {
  return isObject(holder) && Object.hasOwn(holder, key) ? Reflect.get(holder, key) : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function parseJson(form: Form, name: string): unknown {
  const text = form.fields.get(name);
  if (text === undefined) throw badRequest(`The form has no field \`${name}\`.`);
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest(`\`${name}\` is not valid JSON.`);
  }
}

import type { IncomingMessage } from 'node:http';
import type { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Caller } from '../../../domain/caller.ts';
import { rateLimited, refusal } from '../../../graphql/errors.ts';
import type { Operations } from '../../../operations/operations.ts';
import type { OwnerRate } from '../../../store/owner-rate.ts';
import { checkMayUpload, readMultipart } from '../uploads/multipart.ts';
import { tooManyUploads, type UploadSlots } from '../uploads/upload-slots.ts';
import { batchingNotSupported, isBatch, refuseBatch } from './batches.ts';
import type { Exchange } from './exchange.ts';
import { badRequest, readBody, tooSlow } from './read-body.ts';

/** Largest JSON body, in bytes. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** Releases memory that a request holds until it is answered. */
type Release = () => void;

/**
 * Reads the parameters of requests, or refuses a request with the reason.
 *
 * Only JSON and forms with files are accepted. A page of another site can make a browser POST plain text or a form without a
 * preflight request, and so start jobs. For forms the server has checked the origin of the page before.
 *
 * @param uploadRate of `uploadImage`
 */
export function useRequestBody(
  slots: UploadSlots,
  uploadRate: OwnerRate,
  operations: Pick<Operations, 'refused'>,
): Plugin<object, Exchange> {
  const releases = new WeakMap<IncomingMessage, Release[]>();

  const readUpload = async (request: IncomingMessage, { ownerId }: Caller): Promise<object> => {
    // Counted before the body is read.
    const waitMs = await uploadRate.take(ownerId);
    if (waitMs !== null) throw uploadRateLimited(waitMs);
    const slot = slots.take(ownerId);
    if (slot === null) throw tooManyUploads();
    releases.set(request, [() => slot.release()]);
    const { params, file } = await readMultipart(request, slot);
    releases.set(request, [() => slot.release(), () => file.discard()]);
    return params;
  };

  return {
    onRequestParse({
      request,
      requestParser,
      setRequestParser,
      fetchAPI,
      serverContext: { req, caller, body },
    }) {
      if (request.method === 'POST') {
        if (isForm(req) && caller !== undefined) {
          checkMayUpload(caller);
          checkEncoding(req);
          setRequestParser(() => readUpload(req, caller));
        } else if (isJson(req.headers['content-type'] ?? '')) {
          setRequestParser(async () => {
            const params = await (body ?? readJsonBody(req));
            if (!isBatch(params)) return params;
            // The answer is not a result of Yoga, so the pipeline does not count it.
            operations.refused([batchingNotSupported()], 'http');
            return refuseBatch(params, request.headers.get('accept'), fetchAPI);
          });
        } else {
          throw refusal(
            415,
            'UNSUPPORTED_MEDIA_TYPE',
            'Unsupported content-type of a POST. Supported: application/json in UTF-8, and multipart/form-data for files.',
          );
        }
      } else if (requestParser !== undefined) {
        setRequestParser(async (get) => {
          try {
            return withDocumentId(await requestParser(get), get.url);
          } catch (error) {
            if (error instanceof SyntaxError) throw badRequest('A parameter of the URL is not valid JSON.');
            throw error;
          }
        });
      }
    },
    // Called for every request whose parser was called, also when its client has disconnected.
    onResponse({ serverContext: { req } }) {
      for (const release of releases.get(req) ?? []) release();
      releases.delete(req);
    },
  };
}

function uploadRateLimited(waitMs: number): GraphQLError {
  const error = rateLimited('uploadImage', waitMs);
  const headers = { 'retry-after': String(Math.max(1, Math.ceil(waitMs / 1000))) };
  error.extensions['http'] = { status: 429, headers };
  return error;
}

/** Whether the body is a form, which a browser sends for a page of any site without a preflight request. */
export function isForm({ headers }: IncomingMessage): boolean {
  return /^multipart\/form-data\s*(;|$)/i.test(headers['content-type'] ?? '');
}

const JSON_TYPE = /^application\/(?:graphql\+)?json\s*(?:;|$)/i;
const OTHER_CHARSET = /;\s*charset=(?!"?(?:utf-?8|us-ascii)"?\s*(?:;|$))/i;

/** Whether the content type of a POST is JSON in UTF-8. */
export function isJson(contentType: string): boolean {
  if (contentType === 'application/json') return true;
  return JSON_TYPE.test(contentType) && !OTHER_CHARSET.test(contentType);
}

/**
 * Reads the body of a POST.
 *
 * @throws GraphQLError when it is compressed, too large, incomplete or not a JSON object
 */
export async function readJsonBody(request: IncomingMessage): Promise<object> {
  checkEncoding(request);
  const reading = readBody(request, MAX_BODY_BYTES);
  const body = reading instanceof Promise ? await reading : reading;
  if (body.type === 'too-large')
    throw refusal(413, 'REQUEST_ENTITY_TOO_LARGE', 'The body is larger than 1 MiB.');
  if (body.type === 'too-slow') throw tooSlow();
  if (body.type === 'incomplete') throw badRequest('The body is incomplete.');
  const value = parseJson(body.bytes);
  if (typeof value === 'object' && value !== null && (!Array.isArray(value) || isBatch(value))) return value;
  throw badRequest('The body must be a JSON object with a `query`.');
}

/** @throws GraphQLError when the body is compressed (RFC 9110, section 15.5.16) */
function checkEncoding({ headers }: IncomingMessage): void {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() === 'identity') return;
  const message = 'Compressed bodies are not supported. Send the body without content-encoding.';
  throw refusal(415, 'UNSUPPORTED_MEDIA_TYPE', message, { 'accept-encoding': 'identity' });
}

/** Yoga does not read this parameter. */
function withDocumentId(params: object, url: string): object {
  return { ...params, documentId: new URL(url).searchParams.get('documentId') ?? undefined };
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(UTF8.decode(bytes));
  } catch {
    throw badRequest('The body is not valid JSON in UTF-8.');
  }
}

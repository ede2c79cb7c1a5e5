import type { IncomingMessage } from 'node:http';
import type { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Caller } from '../../../domain/caller.ts';
import { rateLimited } from '../../../graphql/errors.ts';
import type { OwnerRate } from '../../../store/owner-rate.ts';
import type { Exchange } from './exchange.ts';
import { checkMayUpload, isForm, readMultipart } from '../uploads/multipart.ts';
import { readBody } from './read-body.ts';
import { badRequest, refusal, tooSlow } from './refusal.ts';
import type { TrustedDocuments } from '../../../operations/trusted-documents.ts';
import { tooManyUploads, type UploadSlots } from '../uploads/upload-slots.ts';

/** Of JSON. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** What a request has taken, to be given back when its answer is there. */
type GiveBack = () => void;

/**
 * Reads requests, and says of each that can't be read what is wrong with it.
 *
 * A page of another site can make a browser POST plain text or a form of simple fields without asking first, and so
 * start jobs. JSON it can't. What has files comes as a form nevertheless: whose page it is from was looked at before.
 *
 * @param trusted the only documents that are run; null: any
 * @param uploadRate of `uploadImage`
 */
export function useRequestBody(
  trusted: TrustedDocuments | null,
  slots: UploadSlots,
  uploadRate: OwnerRate,
): Plugin<object, Exchange> {
  const toGiveBack = new WeakMap<IncomingMessage, GiveBack[]>();

  const readUpload = async (request: IncomingMessage, { ownerId }: Caller): Promise<object> => {
    // Before anything of the body is read, whatever is in it.
    const waitMs = await uploadRate.take(ownerId);
    if (waitMs !== null) throw uploadRateLimited(waitMs);
    const slot = slots.take(ownerId);
    if (slot === null) throw tooManyUploads();
    toGiveBack.set(request, [() => slot.release()]);
    const { params, file } = await readMultipart(request, slot);
    toGiveBack.set(request, [() => slot.release(), () => file.discard()]);
    return withQuery(params, trusted);
  };

  return {
    onRequestParse({ request, requestParser, setRequestParser, serverContext: { req, caller, body } }) {
      if (request.method === 'POST') {
        if (isForm(req) && caller !== undefined) {
          checkMayUpload(caller);
          checkEncoding(req);
          setRequestParser(() => readUpload(req, caller));
        } else if (isJson(req.headers['content-type'] ?? '')) {
          setRequestParser(async () => withQuery(await (body ?? readJsonBody(req)), trusted));
        } else {
          throw refusal(
            415,
            'UNSUPPORTED_MEDIA_TYPE',
            'POST takes a JSON body: set content-type to application/json. Files come as multipart/form-data.',
          );
        }
      } else if (requestParser !== undefined) {
        setRequestParser(async (get) => {
          try {
            return withQuery(withDocumentId(await requestParser(get), get.url), trusted);
          } catch (error) {
            if (error instanceof SyntaxError) throw badRequest('A parameter of the URL is not valid JSON.');
            throw error;
          }
        });
      }
    },
    // Comes for every request whose parser was called, also when its client has gone meanwhile.
    onResponse({ serverContext: { req } }) {
      for (const giveBack of toGiveBack.get(req) ?? []) giveBack();
      toGiveBack.delete(req);
    },
  };
}

function uploadRateLimited(waitMs: number): GraphQLError {
  const error = rateLimited('uploadImage', waitMs);
  const headers = { 'retry-after': String(Math.max(1, Math.ceil(waitMs / 1000))) };
  error.extensions['http'] = { status: 429, headers };
  return error;
}

/** Whether a POST's content type is taken for an operation. */
export function isJson(contentType: string): boolean {
  return contentType === 'application/json' || /^application\/(graphql\+)?json\s*(;|$)/i.test(contentType);
}

/**
 * Reads the body of a POST.
 *
 * @throws GraphQLError when it is compressed, too large, cut off, or no JSON object
 */
export async function readJsonBody(request: IncomingMessage): Promise<object> {
  checkEncoding(request);
  const reading = readBody(request, MAX_BODY_BYTES);
  const body = reading instanceof Promise ? await reading : reading;
  if (body.type === 'too-large')
    throw refusal(413, 'REQUEST_ENTITY_TOO_LARGE', 'The body is larger than 1 MiB.');
  if (body.type === 'too-slow') throw tooSlow();
  if (body.type === 'cut') throw badRequest('The body ended too early.');
  const value = parseJson(body.bytes);
  if (typeof value === 'object' && value !== null) return value;
  throw badRequest('The body must be a JSON object with a `query`.');
}

/** @throws GraphQLError when the body is compressed (RFC 9110, section 15.5.16) */
function checkEncoding({ headers }: IncomingMessage): void {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() === 'identity') return;
  const message = 'The body must come as it is: leave content-encoding out.';
  throw refusal(415, 'UNSUPPORTED_MEDIA_TYPE', message, { 'accept-encoding': 'identity' });
}

/** Yoga reads the other parameters only. */
function withDocumentId(params: object, url: string): object {
  return { ...params, documentId: new URL(url).searchParams.get('documentId') ?? undefined };
}

/** Yoga would answer 200 to clients of plain JSON. */
function withQuery(params: object, trusted: TrustedDocuments | null): object {
  if (trusted !== null) return { ...params, query: trusted.resolve(params) };
  if ('query' in params && params.query != null) return params;
  throw badRequest('There is no `query`.');
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(UTF8.decode(bytes));
  } catch {
    throw badRequest('The body is not valid JSON in UTF-8.');
  }
}

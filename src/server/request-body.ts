import type { IncomingMessage } from 'node:http';
import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { readBody } from './read-body.ts';
import type { TrustedDocuments } from './trusted-documents.ts';

const MAX_BODY_BYTES = 1024 * 1024;

/**
 * Reads requests, and says of each that can't be read what is wrong with it.
 *
 * A page of another site can make a browser POST a form or plain text without asking first, and so start jobs.
 * JSON it can't, so JSON is all that is taken.
 *
 * @param trusted the only documents that are run; null: any
 */
export function useRequestBody(trusted: TrustedDocuments | null): Plugin<object, { req: IncomingMessage }> {
  return {
    onRequestParse({ request, requestParser, setRequestParser, serverContext: { req } }) {
      if (request.method === 'POST') {
        if (!isJson(req.headers['content-type'] ?? ''))
          throw refusal(
            415,
            'UNSUPPORTED_MEDIA_TYPE',
            'POST takes a JSON body: set content-type to application/json.',
          );
        setRequestParser(async () => withQuery(await readJson(req), trusted));
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
  };
}

function isJson(contentType: string): boolean {
  return /^application\/(graphql\+)?json\s*(;|$)/i.test(contentType);
}

async function readJson(request: IncomingMessage): Promise<object> {
  const body = await readBody(request, MAX_BODY_BYTES);
  if (body.type === 'too-large')
    throw refusal(413, 'REQUEST_ENTITY_TOO_LARGE', 'The body is larger than 1 MiB.');
  if (body.type === 'cut') throw badRequest('The body ended too early.');
  const value = parseJson(body.bytes);
  if (typeof value === 'object' && value !== null) return value;
  throw badRequest('The body must be a JSON object with a `query`.');
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

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw badRequest('The body is not valid JSON in UTF-8.');
  }
}

function badRequest(message: string): GraphQLError {
  return refusal(400, 'BAD_REQUEST', message);
}

function refusal(status: number, code: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code, http: { status } } });
}

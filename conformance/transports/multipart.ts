import { codesOf, type Deliveries, isRecord, shorten } from './deliveries.ts';
import { chunksOf, mediaTypeOf, overHttp, post, readJson } from './http-exchange.ts';
import type { Transport } from './transport.ts';

const ACCEPT = 'multipart/mixed;subscriptionSpec=1.0, application/json';

/**
 * Multipart subscriptions, as Apollo Client's HttpLink sends them:
 * https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol
 */
export const MULTIPART: Transport = {
  name: 'multipart',
  kinds: ['subscription'],
  via: 'gateway',
  connect: (endpoint) => overHttp(endpoint, (request, at) => post(request, at, ACCEPT), readParts),
};

/** Reads parts up to the closing boundary. Like Apollo Client it reads a part only when the boundary after it has arrived. */
async function readParts(response: Response, deliveries: Deliveries): Promise<void> {
  if (mediaTypeOf(response) !== 'multipart/mixed') return readJson(response, deliveries);
  const contentType = response.headers.get('content-type') ?? '';
  if (!/;\s*subscriptionSpec="?1\.0"?\s*(?:;|$)/.test(contentType)) {
    return deliveries.invalid(`The content type lacks subscriptionSpec=1.0: ${contentType}`);
  }
  const [, quoted, plain] = /boundary=(?:"([^"]+)"|([^;\s]+))/.exec(contentType) ?? [];
  const delimiter = `\r\n--${quoted ?? plain ?? '-'}`;
  // The first boundary has no line break before it.
  let text = '\r\n';
  let isFirst = true;
  for await (const chunk of chunksOf(response)) {
    text += chunk;
    const pieces = text.split(delimiter);
    text = pieces.pop() ?? '';
    for (const piece of pieces) {
      // What stands before the first boundary is no part.
      if (!isFirst) deliverPart(piece, deliveries);
      isFirst = false;
    }
    if (!isFirst && text.startsWith('--')) deliveries.complete();
  }
  if (!deliveries.hasEnded) deliveries.invalid('The response ended without the closing boundary.');
}

function deliverPart(part: string, deliveries: Deliveries): void {
  const end = part.indexOf('\r\n\r\n');
  const headers = part.slice(0, end);
  if (end === -1 || !/^content-type:\s*application\/json/im.test(headers)) {
    return deliveries.invalid(`A part without the header content-type: application/json: ${shorten(part)}`);
  }
  const body: unknown = JSON.parse(part.slice(end));
  // A heartbeat.
  if (!isRecord(body) || Object.keys(body).length === 0) return;
  const { payload, errors } = body;
  if (payload != null) deliveries.receive(payload);
  else deliveries.fail(codesOf(errors), shorten(body));
}

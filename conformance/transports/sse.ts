import type { Deliveries } from './deliveries.ts';
import { chunksOf, get, mediaTypeOf, overHttp, post, readJson } from './http-exchange.ts';
import type { Transport } from './transport.ts';

const EVENT_STREAM = 'text/event-stream';

/** Server-sent events by POST: one operation for each request, as graphql-sse sends it. */
export const SSE_POST: Transport = {
  name: 'sse-post',
  kinds: ['query', 'mutation', 'subscription'],
  via: 'gateway',
  connect: (endpoint) => overHttp(endpoint, (request, at) => post(request, at, EVENT_STREAM), readEvents),
};

/** Server-sent events by GET, as EventSource sends it. */
export const SSE_GET: Transport = {
  name: 'sse-get',
  kinds: ['query', 'subscription'],
  via: 'gateway',
  connect: (endpoint) => overHttp(endpoint, (request, at) => get(request, at, EVENT_STREAM), readEvents),
};

/** Reads `next` events up to `complete`. */
export async function readEvents(response: Response, deliveries: Deliveries): Promise<void> {
  if (mediaTypeOf(response) !== EVENT_STREAM) return readJson(response, deliveries);
  let text = '';
  for await (const chunk of chunksOf(response)) {
    text += chunk;
    const blocks = text.split(/\r?\n\r?\n/);
    text = blocks.pop() ?? '';
    for (const block of blocks) deliver(block, deliveries);
  }
  if (!deliveries.hasEnded) deliveries.invalid('The stream ended without a complete event.');
}

function deliver(block: string, deliveries: Deliveries): void {
  let event = 'message';
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') event = value;
    if (field === 'data') data.push(value);
  }
  if (event === 'complete') return deliveries.complete();
  if (event === 'next') return deliveries.receive(JSON.parse(data.join('\n')));
  // A block without data is a comment or an id: EventSource dispatches nothing for it.
  if (data.length > 0) deliveries.invalid(`Unknown event: ${event}`);
}

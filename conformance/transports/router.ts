import { overHttp, post, readJson } from './http-exchange.ts';
import { readEvents } from './sse.ts';
import type { Transport } from './transport.ts';

/** POST to a router in front of the gateway. */
export const ROUTER_POST: Transport = {
  name: 'router-post',
  kinds: ['query', 'mutation'],
  via: 'router',
  connect: (endpoint) => overHttp(endpoint, (request, at) => post(request, at, 'application/json'), readJson),
};

/** Server-sent events from a router in front of the gateway. */
export const ROUTER_SSE: Transport = {
  name: 'router-sse',
  kinds: ['subscription'],
  via: 'router',
  connect: (endpoint) =>
    overHttp(endpoint, (request, at) => post(request, at, 'text/event-stream'), readEvents),
};

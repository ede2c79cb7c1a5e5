import type { Deliveries } from './deliveries.ts';
import { get, mediaTypeOf, overHttp, post, readJson } from './http-exchange.ts';
import type { Transport } from './transport.ts';

const RESPONSE_JSON = 'application/graphql-response+json';

/** POST with the answer in `application/json`. */
export const POST_JSON: Transport = {
  name: 'post-json',
  kinds: ['query', 'mutation'],
  via: 'gateway',
  connect: (endpoint) =>
    overHttp(endpoint, (request, at) => post(request, at, 'application/json'), readLegacyJson),
};

/** POST with the answer in `application/graphql-response+json`. */
export const POST_RESPONSE_JSON: Transport = {
  name: 'post-response-json',
  kinds: ['query', 'mutation'],
  via: 'gateway',
  connect: (endpoint) =>
    overHttp(endpoint, (request, at) => post(request, at, RESPONSE_JSON), readResponseJson),
};

/** GET with the answer in `application/graphql-response+json`. */
export const GET: Transport = {
  name: 'get',
  kinds: ['query'],
  via: 'gateway',
  connect: (endpoint) =>
    overHttp(endpoint, (request, at) => get(request, at, RESPONSE_JSON), readResponseJson),
};

/** The media type is checked for answers of GraphQL; a refusal before it may be any JSON. */
async function readLegacyJson(response: Response, deliveries: Deliveries): Promise<void> {
  const type = mediaTypeOf(response);
  if (response.status === 200 && type !== 'application/json') {
    return deliveries.invalid(`The content type is ${type}, not application/json.`);
  }
  await readJson(response, deliveries);
}

/** With this media type the status says whether the operation was executed. */
async function readResponseJson(response: Response, deliveries: Deliveries): Promise<void> {
  const type = mediaTypeOf(response);
  if (response.status === 200 && type !== RESPONSE_JSON) {
    return deliveries.invalid(`The content type is ${type}, not ${RESPONSE_JSON}.`);
  }
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => null);
  const isExecuted = typeof body === 'object' && body !== null && 'data' in body;
  if (isExecuted !== response.ok && type === RESPONSE_JSON) {
    return deliveries.invalid(
      `HTTP ${response.status} for a response ${isExecuted ? 'with' : 'without'} data.`,
    );
  }
  await readJson(response, deliveries);
}

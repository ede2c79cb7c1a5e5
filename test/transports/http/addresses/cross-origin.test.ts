import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../../../support/gateway/gateway.ts';
import { exchange, http, postBody } from '../../../support/gateway/http.ts';
import { type WsClose, WsClient } from '../../../support/gateway/ws-client.ts';

const APP = 'https://app.example.com';
const BODY = JSON.stringify({ query: '{ __typename }' });

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({ settings: { CORS_ORIGINS: APP } });
});
afterAll(() => gateway[Symbol.asyncDispose]());

it('a page of an allowed origin may send requests and read the answers', async () => {
  const preflight = await http(`${gateway.url}/graphql`, {
    method: 'OPTIONS',
    headers: {
      origin: APP,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,authorization',
    },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('access-control-allow-origin')).toBe(APP);
  expect(preflight.headers.get('access-control-allow-headers')).toMatch(/content-type.*authorization/);
  expect(preflight.headers.get('access-control-allow-credentials')).not.toBe('true');
  const answer = await postBody(gateway.url, BODY, { origin: APP, 'sec-fetch-site': 'cross-site' });
  expect(answer.text).toBe('{"data":{"__typename":"Query"}}');
  expect(answer.headers.get('access-control-allow-origin')).toBe(APP);
  expect(answer.headers.get('vary')).toMatch(/origin/i);
});

it.each(['https://evil.example', 'null', 'https://app.example.com.evil.example', 'http://app.example.com'])(
  'a page of %s may neither send requests nor read answers',
  async (origin) => {
    const answer = await postBody(gateway.url, BODY, { origin, 'sec-fetch-site': 'cross-site' });
    expect(answer.status).toBe(403);
    const programs = await postBody(gateway.url, BODY, { origin });
    expect(programs.headers.get('access-control-allow-origin')).toBe(null);
    expect(await closeOf(gateway, { origin })).toEqual({
      code: 1008,
      reason: 'The origin of this page is not allowed: set PUBLIC_URL or CORS_ORIGINS.',
    });
  },
);

it.each([APP, 'own'])('a page of %s may open a WebSocket', async (name) => {
  const origin = name === 'own' ? gateway.url : name;
  using client = await WsClient.connect(gateway.url, { headers: { origin } });
  client.subscribe('1', '{ __typename }');
  expect(await client.result('1')).toEqual({ data: { __typename: 'Query' } });
});

it('a link from another site leads to GraphiQL', async () => {
  const headers = { accept: 'text/html', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
  const answer = await rawGet('/graphql', headers);
  expect(answer).toMatch(/^HTTP\/1.1 200 /);
  expect(answer).toContain('<html');
});

it('an image element of another site executes no operation', async () => {
  const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' };
  expect(await rawGet('/graphql?query=%7B__typename%7D', headers)).toMatch(/^HTTP\/1.1 403 /);
});

describe('for this machine only', () => {
  let local: Gateway;
  beforeAll(async () => {
    local = await startGateway({ settings: { ALLOWED_HOSTS: '' } });
  });
  afterAll(() => local[Symbol.asyncDispose]());

  const get = (host: string) =>
    exchange(
      local.port,
      `GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nhost: ${host}\r\naccept: application/json\r\nconnection: close\r\n\r\n`,
    );

  it.each(['localhost', 'LOCALHOST:4000', 'app.localhost', '127.0.0.1:4000', '127.8.0.1', '[::1]:4000'])(
    'answers to the name %s',
    async (host) => {
      expect(await get(host)).toMatch(/^HTTP\/1.1 200 /);
    },
  );

  it.each(['rebind.evil.example:4000', 'localhost.evil.example', '127.0.0.1.evil.example', '10.0.0.1'])(
    'refuses the name %s, which another site may have rebound',
    async (host) => {
      expect(await get(host)).toMatch(/^HTTP\/1.1 421 [^]*LOCAL_ONLY/);
      const headers = { host, origin: `http://${host}` };
      expect(await closeOf(local, headers)).toEqual({
        code: 1008,
        reason: 'The host of this URL is not allowed: set ALLOWED_HOSTS or PUBLIC_URL.',
      });
    },
  );
});

/** Sends a GET; `fetch` would set its own Sec-Fetch-Mode. */
function rawGet(path: string, headers: Readonly<Record<string, string>>): Promise<string> {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return exchange(
    gateway.port,
    `GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${lines.join('')}\r\n`,
  );
}

/** The close event of a refused WebSocket. */
async function closeOf({ url }: Gateway, headers: Readonly<Record<string, string>>): Promise<WsClose> {
  using client = await WsClient.open(url, undefined, { headers });
  return client.closed;
}

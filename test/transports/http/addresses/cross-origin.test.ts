import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Gateway, startGateway } from '../../../support/gateway/gateway.ts';
import { exchange, http, type HttpAnswer, postBody } from '../../../support/gateway/http.ts';
import { type WsClose, WsClient } from '../../../support/gateway/ws-client.ts';

const APP = 'https://app.example.com';
const EXTENSION = 'chrome-extension://abcdefghijklmnopabcdefghijklmnop';
const SAFARI_ID = '1b4e28ba-2fa1-41d2-883f-0016d3cca427';
const LISTED = [
  APP,
  'https://*.shop.example',
  'http://*.dev.shop.example:8080',
  'capacitor://localhost',
  'tauri://localhost',
  'app://-',
  EXTENSION,
  `safari-web-extension://${SAFARI_ID}`,
];
const BODY = JSON.stringify({ query: '{ __typename }' });
const REFUSED = {
  code: 1008,
  reason: 'The origin of this page is not allowed: set PUBLIC_URL or CORS_ORIGINS.',
};

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({ settings: { CORS_ORIGINS: LISTED.join() } });
});
afterAll(() => gateway[Symbol.asyncDispose]());

function preflight(origin: string, headers: Readonly<Record<string, string>> = {}): Promise<HttpAnswer> {
  return http(`${gateway.url}/graphql`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', ...headers },
  });
}

/** The CORS headers of an answer. */
function corsOf({ headers }: HttpAnswer): Readonly<Record<string, string>> {
  return Object.fromEntries(headers.entries().filter(([name]) => name.startsWith('access-control-')));
}

describe('a page of an allowed origin', () => {
  it.each([
    APP,
    'https://a.shop.example',
    'https://a.b-c.d_e.shop.example',
    'http://a.dev.shop.example:8080',
    'capacitor://localhost',
    'tauri://localhost',
    'app://-',
    EXTENSION,
    `safari-web-extension://${SAFARI_ID.toUpperCase()}`,
  ])('%s may send requests, forms and WebSockets and read the answers', async (origin) => {
    const { status, headers } = await preflight(origin);
    expect([status, headers.get('access-control-allow-origin')]).toEqual([204, origin]);
    const page = { origin, 'sec-fetch-site': 'cross-site' };
    for (const answer of [
      await postBody(gateway.url, BODY, page),
      await http(`${gateway.url}/graphql?query=%7B__typename%7D`, { headers: page }),
    ]) {
      expect(answer.text).toBe('{"data":{"__typename":"Query"}}');
      expect(corsOf(answer)).toEqual({
        'access-control-allow-origin': origin,
        'access-control-expose-headers': 'retry-after, www-authenticate, x-reelgate-upstream',
      });
      expect(answer.headers.get('vary')).toBe('accept, origin');
    }
    // The origin is checked before the form is read.
    const form = await postBody(gateway.url, 'x', { ...page, 'content-type': 'multipart/form-data' });
    expect([form.status, corsOf(form)['access-control-allow-origin']]).toEqual([400, origin]);
    using client = await WsClient.connect(gateway.url, { headers: page });
    client.subscribe('1', '{ __typename }');
    expect(await client.result('1')).toEqual({ data: { __typename: 'Query' } });
  });

  it('may send the headers that its preflight request asks for', async () => {
    const asked =
      'apollographql-client-name,apollo-require-preflight,authorization,baggage,content-type,last-event-id,sentry-trace,traceparent,x-request-id';
    const answer = await preflight(APP, { 'access-control-request-headers': asked });
    expect(corsOf(answer)).toEqual({
      'access-control-allow-origin': APP,
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': asked,
      'access-control-max-age': '600',
      'access-control-expose-headers': 'retry-after, www-authenticate, x-reelgate-upstream',
    });
  });

  it('may reach a private network from a public one', async () => {
    const answer = await preflight(APP, { 'access-control-request-private-network': 'true' });
    expect(corsOf(answer)).toMatchObject({ 'access-control-allow-private-network': 'true' });
  });

  it.each([
    ['a document', 400, { accept: 'application/graphql-response+json' }, '{"query":"{"}'],
    ['a media type', 406, { accept: 'text/csv' }, BODY],
    ['a body', 415, { 'content-type': 'text/plain' }, BODY],
    ['a host', 400, { host: 'a b' }, BODY],
  ])('may read why %s is refused', async (_what, status, headers, body) => {
    const lines = Object.entries({ host: 'a', 'content-type': 'application/json', origin: APP, ...headers });
    const answer = await exchange(
      gateway.port,
      `POST /graphql HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}connection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toMatch(/\r\naccess-control-allow-origin: https:\/\/app\.example\.com\r\n/i);
  });
});

/** No setting allows the origin of files and sandboxed frames. */
const OF_NULL = [
  'Serve the page over http or https and add its origin to CORS_ORIGINS',
  {
    code: 1008,
    reason: 'The page has the origin "null", which cannot be allowed: serve it over http or https.',
  },
] as const;

describe('a page of another origin', () => {
  it.each([
    'https://evil.example',
    'null',
    'https://app.example.com.evil.example',
    'http://app.example.com',
    'https://app.example.com:444',
    'https://shop.example',
    'https://.shop.example',
    'https://evilshop.example',
    'https://*.shop.example',
    'http://a.shop.example',
    'https://a.shop.example:8443',
    'http://a.dev.shop.example',
    'https://evil.example/.shop.example',
    'https://evil.example#.shop.example',
    'https://ada@a.shop.example',
    'capacitor://evil',
    'ionic://localhost',
    'tauri://localhost:1',
    'app://',
    'chrome-extension://ponmlkjihgfedcbaponmlkjihgfedcba',
  ])('%s may neither send requests nor read answers', async (origin) => {
    const page = { origin, 'sec-fetch-site': 'cross-site' };
    const answers = [
      await preflight(origin, { 'access-control-request-headers': 'content-type' }),
      await preflight(origin, { ...page, 'sec-fetch-mode': 'cors' }),
      await postBody(gateway.url, BODY, page),
      await postBody(gateway.url, 'x', { origin, 'content-type': 'multipart/form-data' }),
    ];
    const [advice, closed] = origin === 'null' ? OF_NULL : ['else add it to CORS_ORIGINS', REFUSED];
    for (const answer of answers) {
      expect([answer.status, corsOf(answer)]).toEqual([403, {}]);
      expect(answer.text).toContain(advice);
    }
    // Browsers send no such request without a preflight request.
    expect(corsOf(await postBody(gateway.url, BODY, { origin }))).toEqual({});
    expect(await closeOf(gateway, { origin })).toEqual(closed);
    expect(await closeOf(gateway, page)).toEqual(closed);
  });

  it('is named in the log, with the setting that would allow it', async () => {
    await using logging = await startGateway();
    await http(`${logging.url}/graphql`, { method: 'OPTIONS', headers: { origin: 'tauri://localhost' } });
    expect(logging.log.infos).toMatchObject([
      {
        message: 'a request was refused: the origin of its page is not allowed',
        details: { origin: 'tauri://localhost', allowedBy: expect.stringContaining('CORS_ORIGINS') },
      },
    ]);
  });
});

it('a program may ask for the methods, and the page of the gateway itself too', async () => {
  for (const headers of [{}, { origin: gateway.url }]) {
    const answer = await http(`${gateway.url}/graphql`, { method: 'OPTIONS', headers });
    expect([answer.status, answer.headers.get('allow'), corsOf(answer)]).toEqual([
      204,
      'GET, POST, OPTIONS',
      {},
    ]);
  }
});

it('a page of the gateway itself may open a WebSocket', async () => {
  using client = await WsClient.connect(gateway.url, { headers: { origin: gateway.url } });
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

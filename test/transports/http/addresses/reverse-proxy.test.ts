import { createClient } from 'graphql-ws';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Gateway, startGateway } from '../../../support/gateway/gateway.ts';
import { http, postBody } from '../../../support/gateway/http.ts';
import { WsClient } from '../../../support/gateway/ws-client.ts';

const BODY = JSON.stringify({ query: '{ __typename }' });
const PAGE = 'https://example.com:8443';
/** With trusted documents there is no console, so `/` redirects to GraphiQL. */
const WITHOUT_CONSOLE = { TRUSTED_DOCUMENTS_FILE: 'test/transports/http/trusted-documents.json' };

describe('behind a proxy that replaces the Host', () => {
  it.each<[string, Readonly<Record<string, string>>, Readonly<Record<string, string>>]>([
    ['PUBLIC_URL', { PUBLIC_URL: `${PAGE}/reelgate` }, {}],
    [
      'TRUST_PROXY',
      { TRUST_PROXY: 'loopback' },
      { 'x-forwarded-host': 'example.com:8443', 'x-forwarded-proto': 'https' },
    ],
  ])('pages open WebSockets and upload with %s', async (_name, settings, forwarded) => {
    await using gateway = await startGateway({ settings });
    const headers = { origin: PAGE, ...forwarded };
    using client = await WsClient.connect(gateway.url, { headers });
    client.subscribe('1', '{ __typename }');
    expect(await client.result('1')).toEqual({ data: { __typename: 'Query' } });
    expect(await upload(gateway, headers)).toBe(200);
    expect(gateway.log.infos).toEqual([]);
  });

  it('requests without it are refused, and the log names the setting that would allow them', async () => {
    await using gateway = await startGateway();
    expect(await upload(gateway, { origin: PAGE })).toBe(403);
    expect(gateway.log.infos).toEqual([
      {
        message: 'a request was refused: the origin of its page is not allowed',
        details: {
          host: new URL(gateway.url).host,
          origin: PAGE,
          allowedBy: `PUBLIC_URL=${PAGE} if that is the gateway's own URL behind a proxy, else CORS_ORIGINS`,
        },
      },
    ]);
  });

  it('a client with endless retries stops and can read the reason', async () => {
    await using gateway = await startGateway();
    let attempts = 0;
    class FromPage extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols, { origin: PAGE });
        attempts += 1;
      }
    }
    const client = createClient({
      url: `${gateway.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: FromPage,
      retryAttempts: Infinity,
      shouldRetry: () => true,
      retryWait: () => Promise.resolve(),
    });
    const result = client.iterate({ query: '{ __typename }' }).next();
    await expect(result).rejects.toMatchObject({
      code: 1008,
      reason: 'The origin of this page is not allowed: set PUBLIC_URL or CORS_ORIGINS.',
    });
    expect(attempts).toBe(1);
  });

  it('a refused WebSocket that does not answer is terminated', async () => {
    await using gateway = await startGateway();
    using client = await WsClient.open(gateway.url, undefined, { headers: { origin: PAGE } });
    client.socket.pause();
    // An open socket would keep the gateway from stopping.
    await gateway.stop();
    expect(gateway.webSockets.size).toBe(0);
  });
});

describe('with a path before its own', () => {
  const publicUrl = 'https://example.com/reelgate';

  it.each(['/reelgate/graphql', '/graphql'])('GraphQL is at %s', async (path) => {
    await using gateway = await startGateway({ settings: { PUBLIC_URL: publicUrl } });
    const answer = await http(gateway.url + path, {
      method: 'POST',
      body: BODY,
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.text).toBe('{"data":{"__typename":"Query"}}');
    using client = await WsClient.connect(gateway.url + path.replace('/graphql', ''));
    client.subscribe('1', '{ __typename }');
    expect(await client.result('1')).toEqual({ data: { __typename: 'Query' } });
  });

  it.each([
    ['/reelgate', '/reelgate/'],
    ['/reelgate/', '/reelgate/graphql'],
    ['/', '/reelgate/graphql'],
  ])('%s leads to %s', async (path, location) => {
    await using gateway = await startGateway({ settings: { ...WITHOUT_CONSOLE, PUBLIC_URL: publicUrl } });
    const { status, headers } = await http(gateway.url + path);
    expect([status, headers.get('location')]).toEqual([302, location]);
  });

  it.each(['/reelgated/graphql', '/other/graphql'])('nothing is at %s', async (path) => {
    await using gateway = await startGateway({ settings: { PUBLIC_URL: publicUrl } });
    expect((await http(gateway.url + path)).status).toBe(404);
  });

  it('a trusted proxy may name it', async () => {
    await using gateway = await startGateway({ settings: { ...WITHOUT_CONSOLE, TRUST_PROXY: '127.0.0.1' } });
    const headers = { 'x-forwarded-prefix': '/reelgate' };
    expect((await http(`${gateway.url}/`, { headers })).headers.get('location')).toBe('/reelgate/graphql');
    await using other = await startGateway({ settings: WITHOUT_CONSOLE });
    expect((await http(`${other.url}/`, { headers })).headers.get('location')).toBe('/graphql');
  });
});

describe('the headers of answers', () => {
  it.each<[string, string, string]>([
    ['a plain query', '{ __typename }', 'application/json'],
    ['a query that Yoga answers', '{ __schema { description } }', 'application/graphql-response+json'],
    ['a fault', '{ nothing }', 'application/json'],
    ['an event stream', 'subscription { videoJobsUpdated { id } }', 'text/event-stream'],
  ])('of %s forbid caching', async (_what, query, accept) => {
    await using gateway = await startGateway({ settings: { CORS_ORIGINS: PAGE } });
    for (const origin of [undefined, PAGE]) {
      const abort = new AbortController();
      const { headers } = await fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        body: JSON.stringify({ query }),
        headers: { 'content-type': 'application/json', accept, ...(origin === undefined ? {} : { origin }) },
        signal: abort.signal,
      });
      abort.abort();
      expect(headers.get('content-type')).toContain(accept);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('vary')).toBe('accept, origin');
      expect(headers.get('content-encoding')).toBe(null);
      expect(headers.get('x-accel-buffering')).toBe(accept === 'text/event-stream' ? 'no' : null);
    }
  });

  it('of a refusal forbid caching', async () => {
    await using gateway = await startGateway();
    const { status, headers } = await postBody(gateway.url, BODY, { 'sec-fetch-site': 'cross-site' });
    expect([status, headers.get('cache-control'), headers.get('vary')]).toEqual([
      403,
      'no-store',
      'accept, origin',
    ]);
  });
});

/** @returns the answer's status */
async function upload({ url }: Gateway, headers: Readonly<Record<string, string>>): Promise<number> {
  const form = new FormData();
  const query = 'mutation ($file: File!) { uploadImage(file: $file) { url } }';
  form.append('operations', JSON.stringify({ query, variables: { file: null } }));
  form.append('map', JSON.stringify({ 0: ['variables.file'] }));
  form.append('0', new Blob([Buffer.from('89504e470d0a1a0a', 'hex')]), 'a.png');
  const response = await fetch(`${url}/graphql`, { method: 'POST', body: form, headers });
  await response.text();
  return response.status;
}

import { describe, expect, it } from 'vitest';
import { startGateway } from '../../../support/gateway/gateway.ts';
import { exchange, http } from '../../../support/gateway/http.ts';
import { WsClient } from '../../../support/gateway/ws-client.ts';
import { sharedGateway } from '../shared-gateway.ts';

const gateway = sharedGateway({ settings: { ALLOWED_HOSTS: 'video.example,127.0.0.1' } });

const BODY = '{"query":"{ __typename }"}';
const ANSWER = '{"data":{"__typename":"Query"}}';
const UPGRADE =
  'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n';

/** Sends a request with a raw target. */
function send(target: string, { method = 'GET', host = 'video.example', headers = '', body = '' } = {}) {
  const length = body === '' ? '' : `content-type: application/json\r\ncontent-length: ${body.length}\r\n`;
  return exchange(
    gateway.port,
    `${method} ${target} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n${headers}${length}\r\n${body}`,
  );
}

describe('the endpoint with a slash at its end', () => {
  it.each([
    ['a POST', { method: 'POST', body: BODY }, '/graphql/'],
    ['a GET', {}, '/graphql/?query=%7B__typename%7D'],
  ])('answers %s', async (_what, options, target) => {
    const answer = await send(target, options);
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    expect(answer.endsWith(ANSWER)).toBe(true);
  });

  it('streams events', async () => {
    await using streaming = await startGateway();
    const leave = new AbortController();
    const response = await fetch(`${streaming.url}/graphql/`, {
      method: 'POST',
      body: JSON.stringify({ query: 'subscription { videoJobsUpdated { id } }' }),
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      signal: leave.signal,
    });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    leave.abort();
  });

  it('reads forms with files', async () => {
    const answer = await send('/graphql/', {
      method: 'POST',
      headers: 'content-type: multipart/form-data\r\ncontent-length: 0\r\n',
    });
    expect(answer).toMatch(/^HTTP\/1.1 400 [^]*Boundary/);
  });

  it('opens WebSockets', async () => {
    await using opened = await startGateway();
    using client = await WsClient.connect(opened.url, {}, '/graphql/');
    client.subscribe('1', '{ __typename }');
    expect(await client.result('1')).toEqual({ data: { __typename: 'Query' } });
  });

  it('leads browsers to GraphiQL, below the same path', async () => {
    const answer = await send('/graphql/?a=b', { headers: 'accept: text/html\r\n' });
    expect(answer).toMatch(/^HTTP\/1.1 302 [^]*\r\nlocation: \.\.\/graphql\?a=b\r\n/i);
  });

  it('is below PUBLIC_URL too', async () => {
    await using prefixed = await startGateway({ settings: { PUBLIC_URL: 'https://example.com/reelgate' } });
    expect((await http(`${prefixed.url}/reelgate/graphql/?query=%7B__typename%7D`)).text).toBe(ANSWER);
  });
});

describe('an absolute target', () => {
  it.each([
    ['a POST', 'http://video.example/graphql', { method: 'POST', body: BODY }],
    ['a GET', 'HTTP://Video.Example:443/graphql?query=%7B__typename%7D', {}],
    ['a slash at its end', 'https://video.example/graphql/?query=%7B__typename%7D', {}],
    [
      'another Host, which is ignored',
      'http://video.example/graphql?query=%7B__typename%7D',
      { host: 'evil.example' },
    ],
  ])('is served: %s', async (_what, target, options) => {
    const answer = await send(target, options);
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    expect(answer.endsWith(ANSWER)).toBe(true);
  });

  it.each([
    [
      'a page',
      'http://video.example/graphql',
      { headers: 'accept: text/html\r\n' },
      /^HTTP\/1.1 200 [^]*<html/,
    ],
    ['the start page', 'http://video.example', { headers: 'accept: text/html\r\n' }, /^HTTP\/1.1 200 /],
    ['readiness', 'http://10.0.0.7:4000/readyz?verbose', {}, /^HTTP\/1.1 200 [^]*quarantinedRecords/],
    ['a WebSocket', 'http://video.example/graphql', { headers: UPGRADE }, /^HTTP\/1.1 101 /],
  ])('is served: %s', async (_what, target, options, answer) => {
    expect(await send(target, options)).toMatch(answer);
  });

  it.each([
    ['a POST', '/graphql', { method: 'POST', body: BODY }],
    ['a GET', '/graphql?query=%7B__typename%7D', {}],
    ['a page', '/', { headers: 'accept: text/html\r\n' }],
  ])('of a host that is not allowed is refused, whatever its Host says: %s', async (_what, path, options) => {
    const answer = await send(`http://evil.example${path}`, options);
    expect(answer).toMatch(/^HTTP\/1.1 421 [^]*\\"evil\.example\\" is not allowed/);
  });

  it('of a host that is not allowed opens no WebSocket', async () => {
    const answer = await send('http://evil.example/graphql', { headers: UPGRADE });
    expect(answer).toContain('The host of this URL is not allowed');
  });

  it('needs one Host header nevertheless', async () => {
    const answer = await send('http://video.example/graphql', { headers: 'host: video.example\r\n' });
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
  });

  it.each([
    'http://ada@video.example/graphql',
    'http://video.example\\@evil.example/graphql',
    'ftp://video.example/graphql',
    'http:///graphql',
  ])('%s is refused', async (target) => {
    expect(await send(target)).toMatch(/^HTTP\/1.1 400 /);
    expect(await send(target, { headers: UPGRADE })).toMatch(/^HTTP\/1.1 400 /);
  });
});

it('OPTIONS of the server names its methods', async () => {
  expect(await send('*', { method: 'OPTIONS' })).toMatch(
    /^HTTP\/1.1 204 [^]*\r\nallow: GET, HEAD, POST, OPTIONS\r\n/i,
  );
  expect(await send('*')).toMatch(/^HTTP\/1.1 400 [^]*The target of the request must be a path/);
});

it.each(['//graphql', '/graphql//', '/%67raphql', '/GraphQL', '/graphql/x', '/graphql;a', '/./graphql'])(
  '%s is not the endpoint, and the answer says where it is',
  async (target) => {
    const answer = await send(target, { method: 'POST', body: BODY });
    expect(answer).toMatch(/^HTTP\/1.1 404 [^]*GraphQL is at \/graphql\./);
  },
);

import { describe, expect, it } from 'vitest';
import { AllowedHosts } from '../../../../src/transports/http/addresses/allowed-hosts.ts';
import { startGateway } from '../../../support/gateway/gateway.ts';
import { exchange, postBody } from '../../../support/gateway/http.ts';
import { WsClient } from '../../../support/gateway/ws-client.ts';

const BODY = JSON.stringify({ query: '{ __typename }' });
/** The settings of the documented container: sign-in is off, and the port is published to this machine. */
const CONTAINER = { names: [], addresses: 'any', upstreamNames: false } as const;

/** The settings that lead to CONTAINER. */
const CONTAINER_SETTINGS = { ALLOWED_HOSTS: '', ALLOW_ANONYMOUS: 'true' };

describe('allowed hosts', () => {
  const listed = new AllowedHosts({
    names: ['video.example.com', 'localhost:4000'],
    addresses: 'none',
    upstreamNames: false,
  });

  it.each(['video.example.com', 'Video.Example.com.', 'video.example.com:8080', 'localhost:4000'])(
    'a list allows %s',
    (host) => expect(listed.allows(host)).toBe(true),
  );

  it.each([
    'a.video.example.com',
    'localhost',
    'localhost:4001',
    '127.0.0.1',
    'video.example.com@evil.example',
    '',
  ])('a list does not allow %s', (host) => expect(listed.allows(host)).toBe(false));

  it('a default port may be left out', () => {
    const hosts = new AllowedHosts({
      names: ['a.example:443', 'b.example:80'],
      addresses: 'none',
      upstreamNames: false,
    });
    expect(['a.example', 'a.example:443', 'b.example', 'b.example:80'].map(hosts.allows)).not.toContain(
      false,
    );
    expect(hosts.allows('a.example:80')).toBe(false);
  });

  it.each(['127.0.0.1:4000', '192.168.1.5', '[2001:db8::1]:4000', 'localhost', 'app.localhost:4000'])(
    'without a list %s is allowed when clients of other machines are allowed',
    (host) => expect(new AllowedHosts(CONTAINER).allows(host)).toBe(true),
  );

  it.each(['evil.test:4000', '127.0.0.1.evil.test', 'localhost.evil.test', 'reelgate'])(
    'without a list %s is not allowed',
    (host) => expect(new AllowedHosts(CONTAINER).allows(host)).toBe(false),
  );
});

describe('a page whose name was rebound to the gateway', () => {
  it('gets no answer, and the log says why and names the setting that would allow it', async () => {
    await using gateway = await startGateway({ settings: CONTAINER_SETTINGS });
    const answer = await requestAs(gateway.port, 'POST', 'evil.test:4000', {
      origin: 'http://evil.test:4000',
    });
    expect(answer).toMatch(/^HTTP\/1.1 421 [^]*"HOST_NOT_ALLOWED"/);
    expect(gateway.log.infos).toEqual([
      {
        message: 'a request was refused: its host is not allowed',
        details: {
          host: 'evil.test:4000',
          origin: 'http://evil.test:4000',
          allowedBy: 'ALLOWED_HOSTS=evil.test:4000',
        },
      },
    ]);
  });

  it('gets none through a proxy that replaces the Host', async () => {
    await using gateway = await startGateway({ settings: CONTAINER_SETTINGS });
    const evil = await postBody(gateway.url, BODY, { origin: 'http://evil.test:8080' });
    expect(evil.status).toBe(403);
    expect(gateway.log.infos[0]?.details).toMatchObject({
      host: new URL(gateway.url).host,
      origin: 'http://evil.test:8080',
    });
    const own = await postBody(gateway.url, BODY, { origin: 'http://localhost:8080' });
    expect(own.status).toBe(200);
  });

  it('gets none by claiming to come from a trusted proxy', async () => {
    const settings = { ...CONTAINER_SETTINGS, TRUST_PROXY: 'loopback' };
    await using gateway = await startGateway({ settings });
    const forged = { 'x-forwarded-host': 'localhost', origin: 'http://evil.test:4000' };
    expect(await requestAs(gateway.port, 'POST', 'evil.test:4000', forged)).toMatch(/^HTTP\/1.1 421 /);
    const forwarded = { 'x-forwarded-host': 'evil.test' };
    expect(await requestAs(gateway.port, 'POST', 'localhost', forwarded)).toMatch(/^HTTP\/1.1 421 /);
  });
});

describe('behind a proxy', () => {
  const proxied = { ...CONTAINER_SETTINGS, PUBLIC_URL: 'https://example.com' };

  it('the Host may be the name of its upstream', async () => {
    await using gateway = await startGateway({ settings: proxied });
    const headers = { origin: 'https://example.com' };
    expect(await requestAs(gateway.port, 'POST', 'reelgate_1:4000', headers)).toMatch(/^HTTP\/1.1 200 /);
    expect(await requestAs(gateway.port, 'POST', 'evil.test', headers)).toMatch(/^HTTP\/1.1 421 /);
  });

  it('a page of such a name is refused', async () => {
    await using gateway = await startGateway({ settings: proxied });
    const headers = { origin: 'http://reelgate:4000' };
    expect(await requestAs(gateway.port, 'POST', 'reelgate:4000', headers)).toMatch(/^HTTP\/1.1 403 /);
    using client = await WsClient.open(gateway.url, undefined, {
      headers: { host: 'reelgate:4000', ...headers },
    });
    expect((await client.closed).code).toBe(1008);
  });
});

it.each(['/healthz', '/readyz', '/readyz?verbose'])('%s answers on every host', async (path) => {
  await using gateway = await startGateway({ settings: CONTAINER_SETTINGS });
  expect(await requestAs(gateway.port, 'GET', 'probe.internal', {}, path)).toMatch(/^HTTP\/1.1 200 /);
});

it('only allowed hosts get 404 for an unknown page', async () => {
  await using gateway = await startGateway({ settings: CONTAINER_SETTINGS });
  expect(await requestAs(gateway.port, 'GET', 'evil.test', {}, '/')).toMatch(/^HTTP\/1.1 421 /);
});

it.each(['/graphql', '/', '/healthz'])('two Host headers at %s are refused', async (path) => {
  await using gateway = await startGateway();
  expect(await requestAs(gateway.port, 'GET', 'a\r\nHost: b', {}, path)).toMatch(/^HTTP\/1.1 400 /);
  const upgrade = { upgrade: 'websocket', connection: 'upgrade' };
  expect(await requestAs(gateway.port, 'GET', 'a\r\nHost: b', upgrade, path)).toMatch(/^HTTP\/1.1 400 /);
});

it('a request of HTTP/1.0 needs no Host', async () => {
  await using gateway = await startGateway({ settings: CONTAINER_SETTINGS });
  const answer = await exchange(
    gateway.port,
    `POST /graphql HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`,
  );
  expect(answer).toMatch(/^HTTP\/1.1 200 /);
});

function requestAs(
  port: number,
  method: 'GET' | 'POST',
  host: string,
  headers: Readonly<Record<string, string>>,
  path = '/graphql',
): Promise<string> {
  const lines = Object.entries({ connection: 'close', ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const body =
    method === 'POST'
      ? `content-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`
      : '\r\n';
  return exchange(port, `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${lines.join('')}${body}`);
}

import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import {
  PublicUrl,
  type PublicUrlOptions,
  isSecureContext,
} from '../../../../src/transports/http/addresses/public-url.ts';

type Headers = Readonly<Record<string, string>>;

/** A request from a proxy at 10.1.2.3. */
function requestWith(headers: Headers) {
  const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: '::ffff:10.1.2.3' });
  return { headers, socket };
}

const PROXY = { publicUrl: null, trustProxy: ['10.0.0.0/8'] };
const NOTHING = { publicUrl: null, trustProxy: [] };
const FORWARDED: Headers = {
  host: '127.0.0.1:4000',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'Example.com',
  'x-forwarded-prefix': '/reelgate/',
};

describe('the URL that clients use', () => {
  it.each<[string, Headers, string]>([
    ['the Host of the request', { host: 'Example.com:80' }, 'http://example.com'],
    [
      'https where the page of the request has it',
      { host: 'example.com', origin: 'https://example.com' },
      'https://example.com',
    ],
    [
      'not that of a page of others',
      { host: 'example.com', origin: 'https://evil.example' },
      'http://example.com',
    ],
    ['not what others forward', FORWARDED, 'http://127.0.0.1:4000'],
  ])('is, without settings, %s', (_what, headers, url) => {
    expect(new PublicUrl(NOTHING).baseUrlOf(requestWith(headers))).toBe(url);
  });

  it('is PUBLIC_URL for any request', () => {
    const publicUrl = new PublicUrl({ ...PROXY, publicUrl: 'https://video.example/wan' });
    expect(publicUrl.baseUrlOf(requestWith({ ...FORWARDED, origin: 'https://example.com' }))).toBe(
      'https://video.example/wan',
    );
  });

  it.each<[string, Headers, string]>([
    ['host, scheme and prefix', FORWARDED, 'https://example.com/reelgate'],
    [
      'the port beside a host without one',
      { host: 'example.com', 'x-forwarded-proto': 'https', 'x-forwarded-port': '8443' },
      'https://example.com:8443',
    ],
    [
      'no port beside a host with one',
      { host: 'example.com:8443', 'x-forwarded-proto': 'https', 'x-forwarded-port': '443' },
      'https://example.com:8443',
    ],
    [
      'the first of several values, which is the client’s',
      { ...FORWARDED, 'x-forwarded-proto': 'https, http', 'x-forwarded-host': 'a.example, b.example' },
      'https://a.example/reelgate',
    ],
    ['the scheme of a WebSocket', { host: 'a.example', 'x-forwarded-proto': 'wss' }, 'https://a.example'],
    [
      'the header Forwarded',
      { host: '10.0.0.2', forwarded: 'for=192.0.2.1;Proto=https;host="a.example:8443", for=10.0.0.2;host=b' },
      'https://a.example:8443',
    ],
    [
      'X-Forwarded-* rather than Forwarded',
      { ...FORWARDED, forwarded: 'host=b.example' },
      'https://example.com/reelgate',
    ],
  ])('is, from a trusted proxy: %s', (_what, headers, url) => {
    expect(new PublicUrl(PROXY).baseUrlOf(requestWith(headers))).toBe(url);
  });

  it.each<Headers>([
    { 'x-forwarded-host': 'evil.example/path' },
    { 'x-forwarded-host': 'user@evil.example' },
    { 'x-forwarded-host': '' },
    { 'x-forwarded-proto': 'javascript' },
    { 'x-forwarded-port': '99999999' },
    { 'x-forwarded-port': '70000' },
    { 'x-forwarded-prefix': '//evil.example' },
    { 'x-forwarded-prefix': '/"><script>' },
    { 'x-forwarded-prefix': 'reelgate' },
    { forwarded: 'host="' },
  ])('ignores a malformed forwarded value: %j', (headers) => {
    const request = requestWith({ host: 'example.com', ...headers });
    expect(new PublicUrl(PROXY).baseUrlOf(request)).toBe('http://example.com');
  });

  it('is the socket’s own address when the request has no Host', () => {
    const request = requestWith({});
    Object.defineProperties(request.socket, {
      localAddress: { value: '10.0.0.9' },
      localPort: { value: 4000 },
      localFamily: { value: 'IPv4' },
    });
    expect(new PublicUrl(NOTHING).baseUrlOf(request)).toBe('http://10.0.0.9:4000');
  });
});

describe('a page is the gateway’s own', () => {
  it.each<[string, string]>([
    ['https://example.com', 'example.com:443'],
    ['http://example.com', 'example.com:80'],
    ['https://example.com', 'Example.com'],
    ['http://example.com:4000', 'example.com:4000'],
    ['http://[::1]:4000', '[::1]:4000'],
  ])('at %s when the Host is %s', (origin, host) => {
    expect(own(NOTHING, origin, { host })).toBe(true);
  });

  it.each<[string, string | undefined]>([
    ['https://example.com:8443', 'example.com'],
    ['http://example.com', 'example.com:443'],
    ['https://example.com.evil.example', 'example.com'],
    ['https://example.com', '127.0.0.1:4000'],
    ['https://example.com', undefined],
  ])('but not at %s when the Host is %s', (origin, host) => {
    expect(own(NOTHING, origin, host === undefined ? {} : { host })).toBe(false);
  });

  it('at PUBLIC_URL, whatever the Host is', () => {
    const settings = { ...NOTHING, publicUrl: 'https://example.com:8443/reelgate' };
    expect(own(settings, 'https://example.com:8443', { host: 'upstream' })).toBe(true);
    expect(own(settings, 'https://example.com', { host: 'upstream' })).toBe(false);
    expect(own(settings, 'https://example.com:8443', {})).toBe(true);
  });

  it('at what a trusted proxy forwards', () => {
    expect(own(PROXY, 'https://example.com', FORWARDED)).toBe(true);
    expect(own(PROXY, 'http://example.com', FORWARDED)).toBe(false);
    expect(own(NOTHING, 'https://example.com', FORWARDED)).toBe(false);
  });
});

function own(settings: PublicUrlOptions, origin: string, headers: Headers): boolean {
  return new PublicUrl(settings).isOwnOrigin(new URL(origin), requestWith(headers));
}

it.each([
  ['https://example.com/reelgate', true],
  ['http://localhost:4000', true],
  ['http://app.localhost', true],
  ['http://127.8.0.1:4000', true],
  ['http://[::1]:4000', true],
  ['http://192.168.1.5:4000', false],
  ['http://127.example.com', false],
  ['http://gateway.test', false],
])('%s is a secure context: %s', (url, isSecure) => {
  expect(isSecureContext(url)).toBe(isSecure);
});

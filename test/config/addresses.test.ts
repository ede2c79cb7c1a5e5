import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';

describe('PUBLIC_URL', () => {
  it.each([
    ['https://video.example.com', 'https://video.example.com'],
    ['HTTPS://Video.Example.com:443/', 'https://video.example.com'],
    ['http://localhost:8080/reelgate/', 'http://localhost:8080/reelgate'],
    ['http://[::1]:8080/a/b', 'http://[::1]:8080/a/b'],
  ])('%s is %s', (given, url) => {
    expect(parseConfig({ PUBLIC_URL: given }).publicUrl).toBe(url);
  });

  it.each([
    'video.example.com',
    'ftp://video.example.com',
    'https://video.example.com/?a=b',
    'https://video.example.com/#a',
    'https://user@video.example.com',
    'https://video.example.com//a',
    'https://video.example.com/graphql',
    'https://video.example.com/reelgate/graphql/',
  ])('is not %s', (wrong) => {
    expect(() => parseConfig({ PUBLIC_URL: wrong })).toThrow(
      /PUBLIC_URL: must be an http or https URL without \/graphql, query and fragment, such as/,
    );
  });
});

describe('TRUST_PROXY', () => {
  it.each([
    ['10.1.2.3', ['10.1.2.3/32']],
    ['10.0.0.0/8,2001:db8::/32', ['10.0.0.0/8', '2001:db8::/32']],
    ['private', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']],
  ])('%s is %j', (given, ranges) => {
    expect(parseConfig({ TRUST_PROXY: given }).trustProxy).toEqual(ranges);
  });

  it.each([',', 'true', '10.1', '10.0.0.0/33', 'nginx', '*', 'loopback private'])('is not %s', (wrong) => {
    expect(() => parseConfig({ TRUST_PROXY: wrong })).toThrow(
      /TRUST_PROXY: must be IP addresses, CIDR ranges, loopback or private/,
    );
  });
});

describe('ALLOWED_HOSTS', () => {
  const PUBLIC = { HOST: '0.0.0.0', ALLOW_ANONYMOUS: 'true', SEGMIND_API_KEY: 'SG_1' };
  const TOKENS = { AUTH_JWT_SECRET: 'x'.repeat(32), SEGMIND_API_KEY: 'SG_1' };

  it.each<[string, Readonly<Record<string, string>>, object | null]>([
    ['this machine’s names and addresses', {}, { names: [], addresses: 'loopback', upstreamNames: false }],
    [
      'those and HOST',
      { HOST: 'localhost' },
      { names: ['localhost'], addresses: 'loopback', upstreamNames: false },
    ],
    [
      'those and the host of PUBLIC_URL',
      { PUBLIC_URL: 'https://example.com:8443/reelgate' },
      { names: ['example.com'], addresses: 'loopback', upstreamNames: true },
    ],
    [
      'those and names of upstreams behind a proxy',
      { TRUST_PROXY: 'loopback' },
      { names: [], addresses: 'loopback', upstreamNames: true },
    ],
    ['any address where others are let in', PUBLIC, { names: [], addresses: 'any', upstreamNames: false }],
    [
      'any address with ALLOW_ANONYMOUS',
      { ALLOW_ANONYMOUS: 'true' },
      { names: [], addresses: 'any', upstreamNames: false },
    ],
    [
      'HOST where others are let in',
      { ...PUBLIC, HOST: 'video.lan' },
      { names: ['video.lan'], addresses: 'any', upstreamNames: false },
    ],
    ['any host where callers sign in', { ...TOKENS, HOST: '0.0.0.0' }, null],
  ])('is by default: %s', (_what, settings, rules) => {
    expect(parseConfig(settings).allowedHosts).toEqual(rules);
  });

  it('is what it lists, and the host of PUBLIC_URL', () => {
    const listed = { ...PUBLIC, ALLOWED_HOSTS: 'api-1,127.0.0.1:4000', PUBLIC_URL: 'https://example.com' };
    expect(parseConfig(listed).allowedHosts).toEqual({
      names: ['api-1', '127.0.0.1:4000', 'example.com'],
      addresses: 'none',
      upstreamNames: false,
    });
    expect(parseConfig({ ...TOKENS, ALLOWED_HOSTS: 'a.example' }).allowedHosts).toEqual({
      names: ['a.example'],
      addresses: 'none',
      upstreamNames: false,
    });
  });

  it('is any host with *', () => {
    expect(parseConfig({ ALLOWED_HOSTS: 'a.example,*' }).allowedHosts).toBe(null);
  });

  it.each([',', 'https://example.com', 'example.com/a', '*.example.com', 'a b', 'user@example.com'])(
    'is not %s',
    (wrong) => {
      expect(() => parseConfig({ ALLOWED_HOSTS: wrong })).toThrow(/ALLOWED_HOSTS: must be host names or \*/);
    },
  );
});

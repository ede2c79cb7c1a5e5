import { describe, expect, it } from 'vitest';
import { parseConfig } from '../src/config.ts';

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
  ])('is not %s', (wrong) => {
    expect(() => parseConfig({ PUBLIC_URL: wrong })).toThrow(
      /PUBLIC_URL: must be an http or https URL without query and fragment, such as/,
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

  it.each(['true', '10.1', '10.0.0.0/33', 'nginx', '*', 'loopback private'])('is not %s', (wrong) => {
    expect(() => parseConfig({ TRUST_PROXY: wrong })).toThrow(
      /TRUST_PROXY: must be IP addresses, CIDR ranges, loopback or private/,
    );
  });
});

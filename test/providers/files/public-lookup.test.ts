import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { expect, it } from 'vitest';
import { publicLookup } from '../../../src/providers/files/public-lookup.ts';

const PUBLIC = { address: '93.184.216.34', family: 4 } as const;

/** A resolver that knows one answer. */
function answering(...addresses: LookupAddress[]): LookupFunction {
  return (_host, _options, callback) => callback(null, addresses);
}

function lookUp(resolve: LookupFunction, all: boolean): Promise<unknown> {
  return new Promise((done) => {
    publicLookup(resolve)('files.example.com', { all }, (error, found, family) =>
      done(error?.message ?? (typeof found === 'string' ? { found, family } : found)),
    );
  });
}

it.each([
  '127.0.0.1',
  '10.0.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '169.254.169.254',
  '100.64.0.1',
  '168.63.129.16',
  '0.0.0.0',
  '224.0.0.251',
  '255.255.255.255',
  '::',
  '::1',
  'fe80::1',
  'fe80::1%eth0',
  'fd00:ec2::254',
  'ff02::1',
  '::ffff:127.0.0.1',
  '::ffff:a9fe:a9fe',
  '::127.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::a00:1',
  '2002:7f00:1::',
  '2001:0:7f00:1::',
])('a name that resolves to %s is refused', async (address) => {
  const resolve = answering({ address, family: address.includes(':') ? 6 : 4 });
  const message = `files.example.com resolves to ${address}: only public addresses are allowed`;
  expect(await lookUp(resolve, true)).toBe(message);
  expect(await lookUp(resolve, false)).toBe(message);
});

it('only the public ones of several addresses are connected', async () => {
  const resolve = answering({ address: '10.0.0.1', family: 4 }, PUBLIC, { address: '::1', family: 6 });
  expect(await lookUp(resolve, true)).toEqual([PUBLIC]);
  expect(await lookUp(resolve, false)).toEqual({ found: PUBLIC.address, family: 4 });
});

const failing: LookupFunction = (_host, _options, callback) => callback(new Error('ENOTFOUND'), []);

it('an error of the resolver is passed on', async () => {
  expect(await lookUp(failing, true)).toBe('ENOTFOUND');
});

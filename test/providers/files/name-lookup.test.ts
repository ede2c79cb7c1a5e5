import type { LookupAddress } from 'node:dns';
import { lookup as systemLookup } from 'node:dns/promises';
import { expect, it } from 'vitest';
import {
  NameLookupError,
  nameLookup,
  type NameLookupOptions,
} from '../../../src/providers/files/name-lookup.ts';
import { MessageClient } from '../../../src/providers/message-client.ts';
import { type DnsRecord, DnsServer, type DnsType } from '../../support/network/dns-server.ts';

const NAMES: Readonly<Record<string, Partial<Record<DnsType, DnsRecord>>>> = {
  'both.example.com': { A: ['93.184.216.34', '93.184.216.35'], AAAA: ['2606:2800:220::1'] },
  'old.example.com': { A: ['93.184.216.34'] },
  'new.example.com': { AAAA: ['2606:2800:220::1'] },
  'half-silent.example.com': { A: ['93.184.216.34'], AAAA: 'silence' },
  'half-broken.example.com': { A: 'SERVFAIL', AAAA: ['2606:2800:220::1'] },
  'private.example.com': { A: ['10.0.0.1'], AAAA: ['::1'] },
  'empty.example.com': {},
  'broken.example.com': { A: 'SERVFAIL', AAAA: 'SERVFAIL' },
  'silent.example.com': { A: 'silence', AAAA: 'silence' },
};

async function start(options: Partial<NameLookupOptions> = {}) {
  const server = await DnsServer.start((name, type) => {
    const records = NAMES[name];
    return records === undefined ? 'NXDOMAIN' : (records[type] ?? []);
  });
  const { signal } = new AbortController();
  const lookup = nameLookup({ signal, servers: [server.address], ...options });
  const resolve = (host: string, family?: number | 'IPv4' | 'IPv6'): Promise<readonly LookupAddress[]> =>
    new Promise((done, failed) => {
      lookup(host, family === undefined ? {} : { family }, (error, found) => {
        if (error !== null) failed(error);
        else if (typeof found !== 'string') done(found);
      });
    });
  return { server, lookup, resolve, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const OLD = ['93.184.216.34', '93.184.216.35'].map((address) => ({ address, family: 4 }));
const NEW = [{ address: '2606:2800:220::1', family: 6 }];

it('finds the addresses of both families, of which IPv4 comes first, and needs only one', async () => {
  await using dns = await start();
  expect(await dns.resolve('both.example.com')).toEqual([...OLD, ...NEW]);
  expect(await dns.resolve('old.example.com')).toEqual(OLD.slice(0, 1));
  expect(await dns.resolve('new.example.com')).toEqual(NEW);
  expect(await dns.resolve('half-broken.example.com')).toEqual(NEW);
});

it('asks for the addresses of one family only, when one is requested', async () => {
  await using dns = await start();
  for (const family of [6, 'IPv6'] as const)
    expect(await dns.resolve('both.example.com', family)).toEqual(NEW);
  for (const family of [4, 'IPv4'] as const)
    expect(await dns.resolve('both.example.com', family)).toEqual(OLD);
  expect(new Set(dns.server.questions.slice(0, 2))).toEqual(new Set(['AAAA both.example.com']));
});

it.each([
  ['unknown.example.com', 'the host name unknown.example.com does not exist'],
  ['empty.example.com', 'the host name empty.example.com has no address'],
  ['broken.example.com', 'the lookup of the host name broken.example.com failed (ESERVFAIL)'],
])('tells why %s has no address', async (name, reason) => {
  await using dns = await start();
  await expect(dns.resolve(name)).rejects.toThrow(new NameLookupError(reason));
});

it('fails where no name server listens', async () => {
  const gone = await DnsServer.start(() => 'silence');
  const { address } = gone;
  await gone[Symbol.asyncDispose]();
  await using dns = await start({ servers: [address] });
  await expect(dns.resolve('both.example.com')).rejects.toThrow(
    'the lookup of the host name both.example.com failed (ECONNREFUSED)',
  );
});

it('ends in time when a name server is silent, with the addresses that it has got', async () => {
  await using dns = await start({ timeoutMs: 200 });
  const startedAt = performance.now();
  const outcomes = await Promise.allSettled(
    ['silent.example.com', 'half-silent.example.com'].map((name) => dns.resolve(name)),
  );
  expect(outcomes).toMatchObject([
    { reason: { message: 'no name server answered in time for the host name silent.example.com' } },
    { value: OLD.slice(0, 1) },
  ]);
  expect(performance.now() - startedAt).toBeLessThan(4000);
});

it('is ended by its signal', async () => {
  const closing = new AbortController();
  await using dns = await start({ signal: closing.signal });
  const silent = dns.resolve('silent.example.com');
  await expect.poll(() => dns.server.questions).toHaveLength(2);
  closing.abort();
  await expect(silent).rejects.toThrow(NameLookupError);
  await expect(dns.resolve('both.example.com')).rejects.toThrow('aborted');
});

it('of many silent names delays neither other names nor lookups by the system', async () => {
  const closing = new AbortController();
  await using dns = await start({ signal: closing.signal });
  const silent = Array.from({ length: 64 }, () => dns.resolve('silent.example.com').catch(() => 'failed'));
  const others = Promise.all([systemLookup('localhost'), dns.resolve('both.example.com')]);
  expect(await Promise.race([others.then(() => 'done'), ...silent])).toBe('done');
  closing.abort();
  await Promise.all(silent);
});

it('resolves names for a client, whose owner reads the reason', async () => {
  await using dns = await start();
  const { lookup } = dns;
  await using client = new MessageClient({
    isTrusted: () => false,
    proxy: null,
    timeoutMs: 30_000,
    now: Date.now,
    lookup,
  });
  const { signal } = new AbortController();
  const reasonOf = async (name: string) => {
    const url = new URL(`https://${name}/`);
    const outcome = await client.post({ url, headers: {}, body: '{}', signal });
    return outcome.type === 'unanswered' ? outcome.reason : outcome.status;
  };
  expect(await reasonOf('private.example.com')).toBe('The host of the URL has no public address.');
  expect(await reasonOf('unknown.example.com')).toBe(
    'The connection failed: the host name unknown.example.com does not exist.',
  );
});

it('is what a client uses for hosts that it does not trust, and not the resolver of the system', async () => {
  const trusted = 'https://trusted.example.com';
  await using client = new MessageClient({
    isTrusted: (origin) => origin === trusted,
    proxy: null,
    timeoutMs: 30_000,
    now: Date.now,
  });
  const closing = new AbortController();
  const post = (origin: string) =>
    client.post({ url: new URL(origin), headers: {}, body: '{}', signal: closing.signal });
  const posts = [post('https://untrusted.example.com')];
  expect(process.getActiveResourcesInfo()).not.toContain('GetAddrInfoReqWrap');
  posts.push(post(trusted));
  expect(process.getActiveResourcesInfo()).toContain('GetAddrInfoReqWrap');
  closing.abort();
  await Promise.all(posts);
});

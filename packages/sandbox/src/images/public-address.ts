import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Azure's metadata service, in a public address range. */
const AZURE_METADATA = '168.63.129.16';

/** Whether a host is `localhost` or a loopback address. Names are not resolved. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || (ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback');
}

/** @throws when the host is a private, loopback, link-local or metadata address. {@link publicLookup} checks names. */
export function refusePrivateAddress(url: URL): void {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) !== 0 && !isPublicAddress(host)) throw privateAddress(host, host);
}

/** Resolves a name and fails when one of its addresses is not public. The connection uses the checked addresses. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    const [first] = addresses ?? [];
    const refused = addresses?.find(({ address }) => !isPublicAddress(address));
    if (error !== null || first === undefined) callback(error ?? new Error(`${hostname} has no address`), '');
    else if (refused !== undefined) callback(privateAddress(hostname, refused.address), '');
    else if (options.all === true) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

function privateAddress(host: string, address: string): Error {
  return new Error(`images are not fetched from private addresses: ${host} is at ${address}`);
}

/** IPv6: only 2000::/3 is global unicast (RFC 4291). IPv4 addresses embedded in IPv6 are outside it. */
function isPublicAddress(text: string): boolean {
  const address = ipaddr.process(text);
  if (address.range() !== 'unicast' || address.toString() === AZURE_METADATA) return false;
  return address instanceof ipaddr.IPv4 || ((address.parts[0] ?? 0) & 0xe000) === 0x2000;
}

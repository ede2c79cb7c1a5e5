import ipaddr from 'ipaddr.js';

/** Names that only a private network answers for: RFC 6761, RFC 6762, RFC 8375, and what clouds call their own. */
const PRIVATE_SUFFIXES = [
  'localhost',
  'local',
  'internal',
  'intranet',
  'lan',
  'home',
  'corp',
  'home.arpa',
  'localdomain',
  'svc',
  'onion',
  'test',
  'invalid',
];

/**
 * Whether a URL names a host that anybody on the internet can reach, by its text alone: no name is looked up. Private,
 * loopback, link-local and metadata addresses are not, however they are written, nor are names without a dot.
 */
export function isPublicHost(url: URL): boolean {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  if (ipaddr.isValid(host)) return isPublicAddress(ipaddr.process(host));
  if (!host.includes('.')) return false;
  return !PRIVATE_SUFFIXES.some((suffix) => host.endsWith(`.${suffix}`));
}

/** Of IPv6 only 2000::/3 is given out (RFC 4291); addresses of IPv4 in other clothes are elsewhere. */
function isPublicAddress(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (address.range() !== 'unicast' || address.toString() === AZURE_METADATA) return false;
  return address instanceof ipaddr.IPv4 || ((address.parts[0] ?? 0) & 0xe000) === 0x2000;
}

/** Azure's address for its machines' metadata, which stands among the public ones. */
const AZURE_METADATA = '168.63.129.16';

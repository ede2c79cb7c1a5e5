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
  'test',
  'invalid',
];

/**
 * Whether a URL names a host that anybody on the internet can reach, by its text alone: no name is looked up. Private,
 * loopback, link-local and metadata addresses are not, however they are written, nor are names without a dot.
 */
export function isPublicHost(url: URL): boolean {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  if (ipaddr.isValid(host)) return ipaddr.process(host).range() === 'unicast';
  if (!host.includes('.')) return false;
  return !PRIVATE_SUFFIXES.some((suffix) => host.endsWith(`.${suffix}`));
}

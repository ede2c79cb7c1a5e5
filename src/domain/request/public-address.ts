import ipaddr from 'ipaddr.js';

/**
 * Names that only a private network answers for, at the end of a host's name: those reserved by RFC 6761, 6762, 7686, 8375 and
 * 9476 and by ICANN, and those that clouds, containers, clusters and routers use by default.
 */
const PRIVATE_SUFFIXES = `
  localhost local localdomain internal intranet private lan home home.arpa corp mail domain
  workgroup router gateway test invalid onion alt svc pod default cluster kubernetes k8s minikube
  docker podman lxd vagrant multipass consul nomad openstacklocal novalocal fritz.box
  speedport.ip
`;

/** Public names that lead to whatever address stands in them, or to this machine. */
const POINTING_SUFFIXES = `
  nip.io sslip.io xip.io backname.io traefik.me 1u.ms rbndr.us localhost.localstack.cloud
  localtest.me lvh.me vcap.me lacolhost.com fuf.me local.gd localho.st localhost.direct
`;

const SUFFIXES = `${PRIVATE_SUFFIXES} ${POINTING_SUFFIXES}`
  .trim()
  .split(/\s+/)
  .map((suffix) => `.${suffix}`);

/**
 * Whether a URL names a host that anybody on the internet can reach, by its text alone: no name is looked up. Private,
 * loopback, link-local and metadata addresses are not, however they are written, nor names that are private by their form.
 */
export function isPublicHost(url: URL): boolean {
  const host = url.hostname
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.+$/, '')
    .toLowerCase();
  if (ipaddr.isValid(host)) return isPublicAddress(ipaddr.process(host));
  return isPublicName(host);
}

function isPublicName(name: string): boolean {
  const labels = name.split('.');
  // A search domain completes a name without a dot.
  if (labels.length < 2 || labels.includes('')) return false;
  if (!PUBLIC_TOP_LEVEL.test(labels.at(-1) ?? '')) return false;
  if (SUFFIXES.some((suffix) => `.${name}`.endsWith(suffix))) return false;
  return !namesPrivateAddress(name);
}

/** Top-level domains of the internet have letters only, or are internationalized; `kube-system` and `team1` are not. */
const PUBLIC_TOP_LEVEL = /^(?:[a-z]{2,}|xn--[a-z0-9-]+)$/;

/** Whether a private address stands in a name, as in `10.0.0.1.example.com` or `app-10-0-0-1.example.com`. */
function namesPrivateAddress(name: string): boolean {
  const parts = name.split(/[.-]/);
  return parts.some((_, index) => {
    const address = parts.slice(index, index + 4).join('.');
    if (!ipaddr.IPv4.isValidFourPartDecimal(address)) return false;
    return ['private', 'loopback', 'linkLocal'].includes(ipaddr.IPv4.parse(address).range());
  });
}

/** Of IPv6 only 2000::/3 is given out (RFC 4291); addresses of IPv4 in other clothes are elsewhere. */
function isPublicAddress(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (address.range() !== 'unicast' || address.toString() === AZURE_METADATA) return false;
  return address instanceof ipaddr.IPv4 || ((address.parts[0] ?? 0) & 0xe000) === 0x2000;
}

/** Azure's address for its machines' metadata, which stands among the public ones. */
const AZURE_METADATA = '168.63.129.16';

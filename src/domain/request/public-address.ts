import ipaddr from 'ipaddr.js';

/**
 * Suffixes of names that only a private network resolves: those reserved by RFC 6761, 6762, 7686, 8375 and 9476 and by ICANN, and
 * the defaults of clouds, containers, clusters and routers.
 */
const PRIVATE_SUFFIXES = `
  localhost local localdomain internal intranet private lan home home.arpa corp mail domain
  workgroup router gateway test invalid onion alt svc pod default cluster kubernetes k8s minikube
  docker podman lxd vagrant multipass consul nomad openstacklocal novalocal fritz.box
  speedport.ip
`;

/** Suffixes of public names that resolve to the address in the name, or to this machine. */
const POINTING_SUFFIXES = `
  nip.io sslip.io xip.io backname.io traefik.me 1u.ms rbndr.us localhost.localstack.cloud
  localtest.me lvh.me vcap.me lacolhost.com fuf.me local.gd localho.st localhost.direct
`;

const SUFFIXES = `${PRIVATE_SUFFIXES} ${POINTING_SUFFIXES}`
  .trim()
  .split(/\s+/)
  .map((suffix) => `.${suffix}`);

/**
 * Whether the host of a URL is on the public internet, judged by the text alone, without a DNS lookup. Private, loopback, link-local and
 * metadata addresses in any notation are not public, and neither are private names.
 */
export function isPublicHost(url: URL): boolean {
  const host = url.hostname
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.+$/, '')
    .toLowerCase();
  return ipaddr.isValid(host) ? isPublicAddress(host) : isPublicName(host);
}

/**
 * Whether an IP address is on the public internet. IPv4 addresses within IPv6 count as what they are when the system connects to IPv4
 * for them (`::ffff:10.0.0.1`), and as private when a translator may (NAT64, 6to4, Teredo).
 */
export function isPublicAddress(address: string): boolean {
  return ipaddr.isValid(address) && isPublic(ipaddr.process(address));
}

function isPublicName(name: string): boolean {
  const labels = name.split('.');
  // A resolver completes a name without a dot by its search domain.
  if (labels.length < 2 || labels.includes('')) return false;
  if (!PUBLIC_TOP_LEVEL.test(labels.at(-1) ?? '')) return false;
  if (SUFFIXES.some((suffix) => `.${name}`.endsWith(suffix))) return false;
  return !namesPrivateAddress(name);
}

/** Public top-level domains have letters only or are internationalized; `kube-system` and `team1` are neither. */
const PUBLIC_TOP_LEVEL = /^(?:[a-z]{2,}|xn--[a-z0-9-]+)$/;

/** Whether a name contains a private address, such as `10.0.0.1.example.com` or `app-10-0-0-1.example.com`. */
function namesPrivateAddress(name: string): boolean {
  const parts = name.split(/[.-]/);
  return parts.some((_, index) => {
    const address = parts.slice(index, index + 4).join('.');
    if (!ipaddr.IPv4.isValidFourPartDecimal(address)) return false;
    return ['private', 'loopback', 'linkLocal'].includes(ipaddr.IPv4.parse(address).range());
  });
}

/** Only 2000::/3 of IPv6 is allocated (RFC 4291). IPv4 addresses written as IPv6 are outside of it. */
function isPublic(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (address.range() !== 'unicast' || address.toString() === AZURE_METADATA) return false;
  return address instanceof ipaddr.IPv4 || ((address.parts[0] ?? 0) & 0xe000) === 0x2000;
}

/** Azure's metadata service has an address in a public range. */
const AZURE_METADATA = '168.63.129.16';

import ipaddr from 'ipaddr.js';
import { rememberLast } from './remember-last.ts';

/** The proxies whose `Forwarded` and `X-Forwarded-*` headers count. */
export class TrustedProxies {
  readonly #ranges: readonly (readonly [ipaddr.IPv4 | ipaddr.IPv6, number])[];

  /** @param ranges in CIDR notation */
  constructor(ranges: readonly string[]) {
    this.#ranges = ranges.map((range) => ipaddr.parseCIDR(range));
  }

  /** @param address of the peer of a connection; undefined when the connection is gone */
  readonly trusts = (address: string | undefined): boolean =>
    this.#ranges.length > 0 && address !== undefined && this.#isInRange(address);

  readonly #isInRange = rememberLast((text: string) => {
    if (!ipaddr.isValid(text)) return false;
    // A socket that listens on :: shows IPv4 addresses as ::ffff:192.0.2.1.
    const address = ipaddr.process(text);
    return this.#ranges.some(
      ([range, bits]) => range.kind() === address.kind() && address.match(range, bits),
    );
  });
}

import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { isPublicAddress } from '../../domain/request/public-address.ts';
import { FileRefusedError } from './file-refused-error.ts';

/**
 * Restricts a resolver to public addresses. The connection uses the addresses that were checked, so no second answer of a name server
 * can replace them (DNS rebinding).
 */
export function publicLookup(resolve: LookupFunction): LookupFunction {
  return (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, found, family) => {
      if (error !== null) return callback(error, []);
      const addresses: readonly LookupAddress[] =
        typeof found === 'string' ? [{ address: found, family: family ?? 4 }] : found;
      const allowed = addresses.filter(({ address }) => isPublicAddress(address));
      const [first] = allowed;
      if (first === undefined) {
        const reason = `${host} resolves to ${addresses.map(({ address }) => address).join(', ')}`;
        return callback(new FileRefusedError(`${reason}: only public addresses are allowed`), []);
      }
      if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

import { StartError } from './start-error.ts';

/** Where a server should listen. */
interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** What the names of the settings begin with. @default '' */
  readonly prefix?: string;
}

/**
 * Explains why a server cannot listen, with the setting to change.
 *
 * @returns a StartError; an error without an explanation unchanged
 */
export function listenError(address: ListenAddress, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  const reason = reasonOf(address, error.code);
  return reason === null ? error : new StartError(`${reason} (${error.message})`, { cause: error });
}

function reasonOf({ host, port, prefix = '' }: ListenAddress, code: unknown): string | null {
  switch (code) {
    case 'EADDRINUSE':
      return `${prefix}PORT ${port} is taken: stop the process that has it, or choose another ${prefix}PORT; 0 picks a free one`;
    case 'EACCES':
      return `${prefix}PORT ${port} may not be listened on by this user: choose one above 1023`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EINVAL':
      return `${prefix}HOST ${host} is not an address of this machine: set ${prefix}HOST to one of its addresses, or to 0.0.0.0 or :: for all of them`;
    default:
      return null;
  }
}

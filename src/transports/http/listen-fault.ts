/** Where a server should listen. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** What the names of the settings begin with. @default '' */
  readonly prefix?: string;
}

/**
 * Why the server cannot listen, with the setting to change.
 *
 * @returns null for an unknown reason
 */
export function listenFault({ host, port, prefix = '' }: ListenAddress, error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  switch (error.code) {
    case 'EADDRINUSE':
      return `${prefix}PORT ${port} is taken: stop the process that has it, or choose another ${prefix}PORT; 0 picks a free one (${error.message})`;
    case 'EACCES':
      return `${prefix}PORT ${port} may not be listened on by this user: choose one above 1023 (${error.message})`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EINVAL':
      return `${prefix}HOST ${host} is not an address of this machine: set ${prefix}HOST to one of its addresses, or to 0.0.0.0 or :: for all of them (${error.message})`;
    default:
      return null;
  }
}

/**
 * Why the server cannot listen, with the setting to change.
 *
 * @returns null for an unknown reason
 */
export function listenFault(host: string, port: number, error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  switch (error.code) {
    case 'EADDRINUSE':
      return `PORT ${port} is taken: stop the process that has it, or choose another PORT; 0 picks a free one (${error.message})`;
    case 'EACCES':
      return `PORT ${port} may not be listened on by this user: choose one above 1023 (${error.message})`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EINVAL':
      return `HOST ${host} is not an address of this machine: set HOST to one of its addresses, or to 0.0.0.0 or :: for all of them (${error.message})`;
    default:
      return null;
  }
}

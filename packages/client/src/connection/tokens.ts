import { orAbort } from './abort.ts';

/** A bearer token, or a function that returns one; null: none. */
export type TokenSource = string | null | (() => string | null | Promise<string | null>);

/** Whether another call may return another token. */
export function isRenewable(source: TokenSource): boolean {
  return typeof source === 'function';
}

/** The token for a request or a connection. @throws the error of the function, or the reason of `signal` */
export async function tokenOf(source: TokenSource, signal: AbortSignal): Promise<string | null> {
  return typeof source === 'function' ? orAbort(Promise.resolve(source()), signal) : source;
}

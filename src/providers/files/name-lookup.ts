import type { LookupAddress } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { callbackify } from 'node:util';

export interface NameLookupOptions {
  /** Ends the lookups in progress. */
  readonly signal: AbortSignal;
  /** Name servers, such as `127.0.0.1:53`. @default those of the system */
  readonly servers?: readonly string[];
  /** Milliseconds for one lookup. @default 5000 */
  readonly timeoutMs?: number;
}

/** A name has no known address. The message says why. */
export class NameLookupError extends Error {
  override readonly name = 'NameLookupError';
}

const TIMEOUT_MS = 5000;
/** Milliseconds until a query is repeated, at the next name server if there is one. */
const QUERY_TIMEOUT_MS = 1500;
/** Queries to each name server. The second one waits twice as long. */
const QUERY_TRIES = 2;

/**
 * Resolves names by queries to the name servers. The system's resolver (getaddrinfo) does two lookups at a time in the whole process, and each
 * takes many seconds when the name server of a name is silent: a few such names would delay the lookup of every other host, the upstream's
 * too. In return, names of the hosts file are not found. The result is a list also without `all`.
 */
export function nameLookup(options: NameLookupOptions): LookupFunction {
  const lookUpThen = callbackify((host: string, family: number | string) => lookUp(host, family, options));
  return (host, { family = 0 }, callback) => lookUpThen(host, family, callback);
}

/** @param family 4, 6, `IPv4` or `IPv6`; 0: both */
async function lookUp(
  host: string,
  family: number | string,
  { signal, servers, timeoutMs = TIMEOUT_MS }: NameLookupOptions,
): Promise<LookupAddress[]> {
  signal.throwIfAborted();
  // One for each lookup, because `cancel` ends all queries of a resolver.
  const resolver = new Resolver({ timeout: QUERY_TIMEOUT_MS, tries: QUERY_TRIES });
  if (servers !== undefined) resolver.setServers(servers);
  const cancel = (): void => resolver.cancel();
  const timer = setTimeout(cancel, timeoutMs);
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const resolve = { 4: () => resolver.resolve4(host), 6: () => resolver.resolve6(host) };
    // IPv4 first: where IPv6 is broken, each attempt would cost a quarter of a second.
    const families = ([4, 6] as const).filter((each) => [0, each, `IPv${each}`].includes(family));
    const answers = await Promise.allSettled(families.map((each) => resolve[each]()));
    const addresses = answers.flatMap((answer, index) =>
      answer.status === 'rejected'
        ? []
        : answer.value.map((address) => ({ address, family: families[index] ?? 0 })),
    );
    if (addresses.length > 0) return addresses;
    throw new NameLookupError(reasonOf(host, answers));
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', cancel);
  }
}

function reasonOf(host: string, answers: readonly PromiseSettledResult<unknown>[]): string {
  const codes = answers.map((answer) => (answer.status === 'rejected' ? codeOf(answer.reason) : ''));
  const code = codes.find((each) => each !== 'ENODATA') ?? 'ENODATA';
  switch (code) {
    case 'ENODATA':
      return `the host name ${host} has no address`;
    case 'ENOTFOUND':
      return `the host name ${host} does not exist`;
    case 'ETIMEOUT':
    case 'ECANCELLED':
      return `no name server answered in time for the host name ${host}`;
    default:
      return `the lookup of the host name ${host} failed (${code})`;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

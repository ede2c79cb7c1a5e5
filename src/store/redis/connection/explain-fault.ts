import { connect as connectByTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectByTls } from 'node:tls';
import { isTls, nodeOf, type RedisLocation, type RedisNode, tlsFor } from './location.ts';

/** Why Redis cannot be used. */
export interface RedisFault {
  /** Names the setting to change, if known. */
  readonly reason: string;
  /** Whether the fault may disappear without a change of the settings. */
  readonly isTemporary: boolean;
}

interface Explanation {
  /** Matches the message of an error. */
  readonly pattern: RegExp;
  readonly remedy: string;
  readonly isTemporary: boolean;
}

const EXPLANATIONS: readonly Explanation[] = [
  // Sentinels have their own credentials, so these two come before the same words of a server.
  {
    pattern: /All sentinels are unreachable.*(?:WRONGPASS|invalid password|without any password configured)/i,
    remedy: 'the user or the password in REDIS_SENTINELS is wrong',
    isTemporary: true,
  },
  {
    pattern: /All sentinels are unreachable.*NOAUTH/,
    remedy: 'the sentinels need a password, in REDIS_SENTINELS as in mymaster@user:password@host:26379',
    isTemporary: true,
  },
  {
    pattern: /^NOPERM|NOPERM /,
    remedy: 'the user of REDIS_URL needs more permissions: ACL SETUSER, see docs/operations.md',
    isTemporary: false,
  },
  {
    pattern: /WRONGPASS|invalid password|without any password configured/i,
    remedy: 'the user or the password in REDIS_URL is wrong',
    isTemporary: true,
  },
  {
    pattern: /NOAUTH/,
    remedy: 'REDIS_URL needs a password, as in redis://user:password@host',
    isTemporary: true,
  },
  {
    pattern: /max number of clients/i,
    remedy: 'raise maxclients of Redis, or close other clients',
    isTemporary: true,
  },
  {
    pattern: /\bOOM\b/,
    remedy: 'Redis is full: raise its maxmemory, or free memory',
    isTemporary: false,
  },
  {
    pattern: /\bMISCONF\b/,
    remedy: 'Redis cannot save to its disk and refuses writes: see its log',
    isTemporary: true,
  },
  {
    pattern: /cluster support disabled/,
    remedy: 'it is not a cluster: set REDIS_CLUSTER=false',
    isTemporary: false,
  },
  { pattern: /^MOVED /, remedy: 'it is a cluster: set REDIS_CLUSTER=true', isTemporary: false },
  {
    pattern: /DB index is out of range/,
    remedy: 'the database at the end of REDIS_URL does not exist',
    isTemporary: false,
  },
  {
    pattern: /altnames|does not match certificate/,
    remedy: 'the certificate is for another host: use a host in REDIS_URL that the certificate names',
    isTemporary: false,
  },
  {
    pattern: /self-signed|unable to (?:verify|get local issuer)|certificate has expired|CERT_/i,
    remedy:
      'the certificate cannot be verified: set NODE_EXTRA_CA_CERTS to a file with the certificate authority',
    isTemporary: false,
  },
  {
    pattern: /All sentinels are unreachable/,
    remedy: 'no sentinel of REDIS_SENTINELS answers, or none knows a primary by that name',
    isTemporary: true,
  },
];

/** Explains an error of Redis or of the connection to it. */
export function explainFault(error: unknown): RedisFault {
  const message = innermost(error);
  const known = EXPLANATIONS.find(({ pattern }) => pattern.test(message));
  if (known === undefined) return { reason: message, isTemporary: true };
  return { reason: `${message}; ${known.remedy}`, isTemporary: known.isTemporary };
}

/** The store's own errors say less than their causes. */
function innermost(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? innermost(error.cause) : error.message;
}

/** Milliseconds for an answer. */
const TIMEOUT_MS = 2000;
/** The client's errors when the server closed the connection or did not answer. */
const VAGUE = /ECONNRESET|ETIMEDOUT|EPROTO|timeout|timed out|closed|refresh slots/i;

/**
 * Explains why Redis cannot be reached. When the client only knows that the connection was closed, this asks the first server of the
 * settings, or the first sentinel, without credentials. The answer shows a full server, a wrong scheme or a bad certificate.
 */
export async function explainStart({ urls, sentinels }: RedisLocation, error: unknown): Promise<RedisFault> {
  const fault = explainFault(error);
  if (!VAGUE.test(fault.reason)) return fault;
  const askedUrls = sentinels?.urls ?? urls;
  const [url = ''] = askedUrls;
  const node = nodeOf(url);
  const setting = sentinels === undefined ? 'REDIS_URL' : 'REDIS_SENTINELS';
  const answer = await pingWithoutTls(node);
  if (isTls(url)) {
    if (answer !== null)
      return wrongScheme(node, `does not support TLS: write redis:// in ${setting} instead of rediss://`);
    const refusal = await tryTls(node, tlsFor(node.host, askedUrls));
    return refusal === null ? fault : explainFault(refusal);
  }
  if (answer !== null) {
    // The client has already reported what the sentinels answer.
    const isRefused = answer.startsWith('-') && sentinels === undefined;
    return isRefused ? explainFault(new Error(answer.slice(1))) : fault;
  }
  // The certificate does not matter, because nothing is sent over this connection.
  const refusal = await tryTls(node, { rejectUnauthorized: false });
  if (refusal !== null) return fault;
  return wrongScheme(node, `requires TLS: write rediss:// in ${setting} instead of redis://`);
}

function wrongScheme({ host, port }: RedisNode, fault: string): RedisFault {
  return { reason: `${host}:${port} ${fault}`, isTemporary: false };
}

/** @returns the first line of the answer; null when there is none */
async function pingWithoutTls({ host, port }: RedisNode): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const socket = connectByTcp(port, host, () => socket.write('PING\r\n'));
  socket.once('data', (data) => resolve(/^[+-][^\r\n]*/.exec(data.toString('latin1'))?.[0] ?? null));
  return await settle(socket, promise, () => resolve(null));
}

/** @returns null when the TLS handshake succeeds; else its error */
async function tryTls({ host, port }: RedisNode, options: ConnectionOptions): Promise<Error | null> {
  const { promise, resolve } = Promise.withResolvers<Error | null>();
  const socket = connectByTls({ host, port, ...options });
  socket.once('secureConnect', () => resolve(null));
  return await settle(socket, promise, (error) => resolve(error ?? new Error('no answer')));
}

async function settle<T>(socket: Socket, outcome: Promise<T>, fail: (error?: Error) => void): Promise<T> {
  socket
    .setTimeout(TIMEOUT_MS, () => fail())
    .on('error', fail)
    .on('close', () => fail());
  const value = await outcome;
  socket.destroy();
  return value;
}

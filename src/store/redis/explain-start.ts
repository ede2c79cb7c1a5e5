import { connect as connectPlainly, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectByTls } from 'node:tls';
import { explainFault, type RedisFault } from './explain-fault.ts';
import { isTls, nodeOf, type RedisLocation, type RedisNode, tlsFor } from './location.ts';

/** Milliseconds for an answer. */
const TIMEOUT_MS = 2000;
/** What a client says of a connection that was closed on it, or of which nothing came. */
const VAGUE = /ECONNRESET|ETIMEDOUT|EPROTO|timeout|timed out|closed|refresh slots/i;

/**
 * Says why Redis cannot be reached. When the client only knows that a connection was closed, the first server of the settings,
 * or the first sentinel, is asked without credentials: it may have no room for clients, use TLS or not, or have a certificate
 * that cannot be verified.
 */
export async function explainStart({ urls, sentinels }: RedisLocation, error: unknown): Promise<RedisFault> {
  const fault = explainFault(error);
  if (!VAGUE.test(fault.reason)) return fault;
  const asked = sentinels?.urls ?? urls;
  const [url = ''] = asked;
  const node = nodeOf(url);
  const setting = sentinels === undefined ? 'REDIS_URL' : 'REDIS_SENTINELS';
  const answer = await askPlainly(node);
  if (isTls(url)) {
    if (answer !== null)
      return wrongScheme(node, `no TLS: write redis:// in ${setting} instead of rediss://`);
    const refusal = await greetByTls(node, tlsFor(node.host, asked));
    return refusal === null ? fault : explainFault(refusal);
  }
  if (answer !== null) {
    // The client has told what the sentinels answer.
    const isRefused = answer.startsWith('-') && sentinels === undefined;
    return isRefused ? explainFault(new Error(answer.slice(1))) : fault;
  }
  // The certificate does not matter: nothing is sent over this connection.
  const refusal = await greetByTls(node, { rejectUnauthorized: false });
  if (refusal !== null) return fault;
  return wrongScheme(node, `TLS only: write rediss:// in ${setting} instead of redis://`);
}

function wrongScheme({ host, port }: RedisNode, speaks: string): RedisFault {
  return { reason: `${host}:${port} speaks ${speaks}`, passes: false };
}

/** @returns the first line that a Redis says; null when there is none */
async function askPlainly({ host, port }: RedisNode): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const socket = connectPlainly(port, host, () => socket.write('PING\r\n'));
  socket.once('data', (data) => resolve(/^[+-][^\r\n]*/.exec(data.toString('latin1'))?.[0] ?? null));
  return await settle(socket, promise, () => resolve(null));
}

/** @returns null when TLS comes about; else what stands against it */
async function greetByTls({ host, port }: RedisNode, options: ConnectionOptions): Promise<Error | null> {
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

import { connect as connectPlainly, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectByTls } from 'node:tls';
import { explainFault, type RedisFault } from './explain-fault.ts';
import { isTls, nodeOf, type RedisLocation, type RedisNode, tlsFor } from './location.ts';

/** Milliseconds for an answer. */
const TIMEOUT_MS = 2000;
/** What a client says of a connection that was closed on it, or of which nothing came. */
const VAGUE = /ECONNRESET|ETIMEDOUT|EPROTO|timeout|closed|refresh slots/i;

/**
 * Says why Redis cannot be reached. Where the client knows only that a connection was closed, the first server of the settings is
 * asked itself, without credentials: it may have no room for clients, speak TLS or not, or show a certificate that is no good.
 */
export async function explainStart({ urls, sentinels }: RedisLocation, error: unknown): Promise<RedisFault> {
  const fault = explainFault(error);
  const [url = ''] = urls;
  // Which servers the sentinels name is not known here.
  if (sentinels !== undefined || !VAGUE.test(fault.reason)) return fault;
  const node = nodeOf(url);
  const answer = await askPlainly(node);
  if (isTls(url)) {
    if (answer !== null) return wrongScheme(node, 'no TLS', 'redis://', 'rediss://');
    const refusal = await greetByTls(node, tlsFor(node.host, urls));
    return refusal === null ? fault : explainFault(refusal);
  }
  if (answer !== null) return answer.startsWith('-') ? explainFault(new Error(answer.slice(1))) : fault;
  // Whose certificate it is does not matter: nothing is said over this connection.
  const refusal = await greetByTls(node, { rejectUnauthorized: false });
  return refusal === null ? wrongScheme(node, 'TLS only', 'rediss://', 'redis://') : fault;
}

function wrongScheme({ host, port }: RedisNode, what: string, right: string, wrong: string): RedisFault {
  const reason = `${host}:${port} speaks ${what}: write ${right} in REDIS_URL instead of ${wrong}`;
  return { reason, passes: false };
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

import { isIP } from 'node:net';
import { checkServerIdentity, type ConnectionOptions } from 'node:tls';
import type { RedisOptions } from 'ioredis';

/** Where Redis is. */
export interface RedisLocation {
  /**
   * `redis://` or `rediss://`. With `cluster`, some of its nodes; with `sentinels`, one that tells how to sign in to the servers,
   * the database, whether they speak TLS, and which host their certificates may name.
   */
  readonly urls: readonly string[];
  readonly cluster: boolean;
  /** Absent: the URLs are the servers. */
  readonly sentinels?: SentinelLocation | undefined;
}

/** Sentinels, which know where the primary is. */
export interface SentinelLocation {
  /** What they call the primary. */
  readonly name: string;
  /** `redis://` or `rediss://`; the credentials of the first are those of all. */
  readonly urls: readonly string[];
}

/** A host and a port. */
export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

/** The node of a URL. */
export function nodeOf(text: string, defaultPort = 6379): RedisNode {
  const { hostname, port } = new URL(text);
  return { host: hostOf(hostname), port: port === '' ? defaultPort : Number(port) };
}

/** The node of `host:port`, as servers write it. */
export function readNode(text: string): RedisNode {
  const at = text.lastIndexOf(':');
  return { host: text.slice(0, at), port: Number(text.slice(at + 1)) };
}

/** What a URL says of signing in. */
export function credentialsOf(text: string): Pick<RedisOptions, 'username' | 'password' | 'db'> {
  const { username, password, pathname } = new URL(text);
  const db = Number(pathname.slice(1));
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    ...(Number.isInteger(db) && db > 0 ? { db } : {}),
  };
}

/** Whether the connection is encrypted. */
export function isTls(text: string): boolean {
  return new URL(text).protocol === 'rediss:';
}

/**
 * TLS with one server. Managed services name their servers by addresses, or by names of their own, and their certificate names
 * only the host that the user was given: so that of any host in the settings is good too.
 *
 * @param host of the server, as it is connected to
 * @param urls of the settings
 */
export function tlsFor(
  host: string,
  urls: readonly string[],
): Pick<ConnectionOptions, 'servername' | 'checkServerIdentity'> {
  const known = urls.map((url) => nodeOf(url).host);
  const name = [host, ...known].find((each) => isIP(each) === 0);
  return {
    ...(name === undefined ? {} : { servername: name }),
    checkServerIdentity: (_, certificate) => {
      const faults = [host, ...known].map((each) => checkServerIdentity(each, certificate));
      return faults.includes(undefined) ? undefined : faults[0];
    },
  };
}

function hostOf(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

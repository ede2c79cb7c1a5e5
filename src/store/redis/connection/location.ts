import { isIP } from 'node:net';
import { checkServerIdentity, type ConnectionOptions } from 'node:tls';
import type { RedisOptions } from 'ioredis';

/** Where Redis is. */
export interface RedisLocation {
  /**
   * `redis://` or `rediss://`. With `cluster`, some of its nodes. With `sentinels`, one URL with the credentials and the database of the
   * servers, whether they use TLS, and a host that their certificates may name.
   */
  readonly urls: readonly string[];
  readonly cluster: boolean;
  /** Absent: the URLs are the servers. */
  readonly sentinels?: SentinelLocation | undefined;
}

/** Sentinels, which know the address of the primary. */
export interface SentinelLocation {
  /** The name of the primary. */
  readonly name: string;
  /** `redis://` or `rediss://`. The credentials of the first URL are used for all. */
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

/** The node of `host:port`, the notation of servers. */
export function readNode(text: string): RedisNode {
  const at = text.lastIndexOf(':');
  return { host: text.slice(0, at), port: Number(text.slice(at + 1)) };
}

/** The credentials and the database of a URL. */
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
 * TLS options for one server. Managed services often announce their servers by IP addresses or internal names, while the certificate names
 * only the host in the settings. So a certificate for any host of the settings is accepted as well.
 *
 * @param host the host that the client connects to
 * @param urls the URLs of the settings
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

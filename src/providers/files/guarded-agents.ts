import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { Dispatcher } from 'undici';
import { isPublicAddress, isPublicHost } from '../../domain/request/public-address.ts';
import { createAgent, type ProxySettings } from '../segmind/http/agent.ts';
import { FileRefusedError } from './file-refused-error.ts';
import { nameLookup } from './name-lookup.ts';
import { publicLookup } from './public-lookup.ts';

export interface GuardedAgentsOptions {
  /** Whether an origin may have private addresses. */
  readonly isTrusted: (origin: string) => boolean;
  readonly proxy: ProxySettings | null;
  /** Resolves the names of hosts that are not trusted. @default `nameLookup` */
  readonly lookup?: LookupFunction;
  /** Connections to one host at a time. @default no limit */
  readonly connections?: number | undefined;
}

/**
 * Connections to URLs that others have chosen. Hosts other than the trusted ones must be on the public internet: each connection is checked
 * after the name was resolved. Through a proxy only the text of the URL can be checked, because the proxy resolves the name. The names of
 * trusted hosts may be known to the system's resolver only.
 */
export class GuardedAgents implements AsyncDisposable {
  readonly #options: GuardedAgentsOptions;
  readonly #closing = new AbortController();
  readonly #trusted: Dispatcher;
  readonly #guarded: Dispatcher;

  constructor(options: GuardedAgentsOptions) {
    this.#options = options;
    const { proxy, connections } = options;
    const { signal } = this.#closing;
    const { lookup = nameLookup({ signal }) } = options;
    const connection = { proxy, signal, connections };
    this.#trusted = createAgent(connection);
    this.#guarded = createAgent({ ...connection, lookup: publicLookup(lookup) });
  }

  /** The agent for a URL. @throws FileRefusedError when its host is not public, as far as its text shows it */
  of(url: URL): Dispatcher {
    if (this.#options.isTrusted(url.origin)) return this.#trusted;
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    // What no resolver sees: addresses in the URL, and names that the proxy resolves.
    const isAllowed =
      this.#options.proxy === null ? !ipaddr.isValid(host) || isPublicAddress(host) : isPublicHost(url);
    if (!isAllowed) throw new FileRefusedError(`${url.host} is not a public host`);
    return this.#guarded;
  }

  /** Aborts the requests in progress. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#trusted.destroy(), this.#guarded.destroy()]);
  }
}

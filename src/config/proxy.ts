import { z } from 'zod';
import { isDecodable } from './schemas.ts';

/** The proxy of outgoing calls. An empty URL means none for that scheme. */
export interface ProxySettings {
  readonly httpsProxy: string;
  readonly httpProxy: string;
  /** Hosts that are called directly, separated by commas. */
  readonly noProxy: string;
}

/** Always called directly: no proxy can reach this machine by these names. */
const LOOPBACK_HOSTS = 'localhost,127.0.0.1,::1';
/** Other programs read these names in lower case, and prefer that spelling. */
export const LOWER_CASE_NAMES: ReadonlySet<string> = new Set(['https_proxy', 'http_proxy', 'no_proxy']);

/** The URL of an HTTP proxy; `host:port` means http, as in other programs. Empty when absent. */
export function proxyUrl() {
  return z
    .string()
    .transform((value) => (value.includes('://') ? value : `http://${value}`))
    .refine(
      isProxyUrl,
      'must be the http or https URL of a proxy, with % in a name or password written as %25, such as http://proxy.example.com:3128',
    )
    .default('');
}

/** @returns null when every outgoing call is direct */
export function proxyOf({
  HTTPS_PROXY,
  HTTP_PROXY,
  NO_PROXY,
}: Readonly<Record<'HTTPS_PROXY' | 'HTTP_PROXY' | 'NO_PROXY', string>>): ProxySettings | null {
  if (HTTPS_PROXY === '' && HTTP_PROXY === '') return null;
  return Object.freeze({
    httpsProxy: HTTPS_PROXY,
    httpProxy: HTTP_PROXY,
    noProxy: [NO_PROXY, LOOPBACK_HOSTS].filter((hosts) => hosts !== '').join(','),
  });
}

/** For the log: without credentials. */
export function describeProxy({ httpsProxy, httpProxy, noProxy }: ProxySettings): string {
  const [https, http] = [httpsProxy === '' ? httpProxy : httpsProxy, httpProxy].map((url) =>
    url === '' ? 'no proxy' : `the proxy ${new URL(url).host}`,
  );
  return `${https} for https and ${http} for http, except to ${noProxy}`;
}

function isProxyUrl(value: string): boolean {
  const url = URL.parse(value);
  return url !== null && ['http:', 'https:'].includes(url.protocol) && isDecodable(url);
}

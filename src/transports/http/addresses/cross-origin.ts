import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { UPSTREAM_HEADER } from '../../../domain/upstream-kind.ts';
import { emitFault } from '../../../events/emit-fault.ts';
import type { EventEmitter } from '../../../events/gateway-events.ts';
import type { AllowedHosts } from './allowed-hosts.ts';
import { AllowedOrigins } from './allowed-origins.ts';
import { isWebOrigin, type PublicUrl } from './public-url.ts';

/** Options of `CrossOrigin`. */
export interface CrossOriginOptions {
  /** See `AllowedOrigins`. */
  readonly corsOrigins: readonly string[];
  readonly hosts: AllowedHosts;
  readonly publicUrl: PublicUrl;
}

/** Checks whether a page may send requests from a browser: the gateway's own and those of allowed origins may. Other programs always may. */
export class CrossOrigin {
  readonly #origins: AllowedOrigins;
  readonly #hosts: AllowedHosts;
  readonly #publicUrl: PublicUrl;

  constructor({ corsOrigins, hosts, publicUrl }: CrossOriginOptions) {
    this.#origins = new AllowedOrigins(corsOrigins);
    this.#hosts = hosts;
    this.#publicUrl = publicUrl;
  }

  /**
   * Checks the host of a request: the one that a trusted proxy forwards, and the request's own, as a page can set any header but
   * Host. Browsers always send a Host.
   */
  refusalOfHost(request: IncomingMessage): RequestRefusal | null {
    const { host } = request.headers;
    const forwarded = this.#publicUrl.forwardedHostOf(request);
    if (host !== undefined && !this.#hosts.allowsHost(host)) return hostRefusal(host, this.#hosts.localOnly);
    if (forwarded === null || this.#hosts.allows(forwarded)) return null;
    return hostRefusal(forwarded, this.#hosts.localOnly);
  }

  /**
   * Checks whether a page may send an operation. Without this check a browser would hide the answer from a page of another site, but
   * the operation would be executed. Following a link to GraphiQL is not an operation.
   *
   * @param needsAllowedOrigin whether an Origin must be the gateway's own or listed: for a WebSocket and a form, which browsers send
   * without a preflight request, and for the preflight request before any other
   */
  refusalOfPage(request: IncomingMessage, needsAllowedOrigin: boolean): RequestRefusal | null {
    const { headers } = request;
    const { origin } = headers;
    if (origin !== undefined && this.#origins.allows(origin)) return null;
    const site = headers['sec-fetch-site'];
    const isOtherSite = site === 'cross-site' || site === 'same-site';
    if (isOtherSite && headers['sec-fetch-mode'] !== 'navigate') return originRefusal(origin);
    if (origin === undefined) return null;
    const page = URL.parse(origin);
    const isOwn = page !== null && this.#publicUrl.isOwnOrigin(page, request);
    return this.#mayBeOwn(page) && (isOwn || !needsAllowedOrigin) ? null : originRefusal(origin);
  }

  /** The headers that let a page of a listed origin send a request and read its answer; null for other requests. */
  headersFor({ method, headers }: IncomingMessage): Readonly<Record<string, string>> | null {
    const { origin } = headers;
    if (origin === undefined || !this.#origins.allows(origin)) return null;
    const readable = { 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED };
    return method === 'OPTIONS' ? { ...readable, ...preflightHeaders(headers, 'GET, POST') } : readable;
  }

  /** A proxy may replace the Host of a rebound page's request; the origin of the page still names it. */
  #mayBeOwn(page: URL | null): boolean {
    return page === null || !isWebOrigin(page) || this.#hosts.allows(page.host);
  }
}

/** Headers that pages may read: after a limit, without a caller, and of the sandbox. */
const EXPOSED = `retry-after, www-authenticate, ${UPSTREAM_HEADER}`;
/** Seconds for which a browser may cache the answer to a preflight request. Chromium allows two hours. */
const PREFLIGHT_MAX_AGE = '600';

/**
 * Allows what a preflight request asks for. Clients and their instrumentation add headers of their own, such as
 * `apollographql-client-name`, `traceparent` or `sentry-trace`; none of them changes what an operation may do.
 *
 * @param methods the allowed ones
 */
export function preflightHeaders(
  headers: IncomingHttpHeaders,
  methods: string,
): Readonly<Record<string, string>> {
  const asked = headers['access-control-request-headers'];
  return {
    'access-control-allow-methods': methods,
    ...(asked === undefined ? {} : { 'access-control-allow-headers': asked }),
    // Older Chromium versions ask this before a public page reaches a private network. Newer ones ask the user.
    ...(headers['access-control-request-private-network'] === 'true'
      ? { 'access-control-allow-private-network': 'true' }
      : {}),
    'access-control-max-age': PREFLIGHT_MAX_AGE,
  };
}

/** Why a request is refused: its Host, or the origin of its page, is not allowed. */
export interface RequestRefusal {
  readonly status: 403 | 421;
  readonly code: string;
  readonly message: string;
  /** The log message, equal for all refusals of one kind. */
  readonly summary: string;
  /** For a WebSocket's close frame: at most 123 bytes. */
  readonly reason: string;
  /** The setting that would allow the request. */
  readonly allowedBy: string;
}

/** Characters of a header value in a log line. */
const MAX_LOGGED = 200;

/** Refuses a host. @param localOnly whether only local hosts are allowed, the default without sign-in */
function hostRefusal(host: string, localOnly: boolean): RequestRefusal {
  const local = 'Callers do not sign in, so the gateway answers on localhost and loopback addresses only.';
  const setting = `Add ${quoted(host)} to ALLOWED_HOSTS, or set PUBLIC_URL, if clients are to use it.`;
  return {
    status: 421,
    code: localOnly ? 'LOCAL_ONLY' : 'HOST_NOT_ALLOWED',
    message: `The host ${quoted(host)} is not allowed. ${localOnly ? `${local} ` : ''}${setting}`,
    reason: 'The host of this URL is not allowed: set ALLOWED_HOSTS or PUBLIC_URL.',
    summary: 'a request was refused: its host is not allowed',
    allowedBy: `ALLOWED_HOSTS=${host.slice(0, MAX_LOGGED)}`,
  };
}

/** Refuses a page's origin. @param origin undefined: the browser marks the request as cross-site without an origin */
function originRefusal(origin = 'unknown'): RequestRefusal {
  if (origin === 'null') return NO_ORIGIN;
  return {
    status: 403,
    code: 'CROSS_ORIGIN',
    message: `The origin ${quoted(origin)} is not allowed. Set PUBLIC_URL if it is the gateway's own behind a proxy, else add it to CORS_ORIGINS.`,
    reason: 'The origin of this page is not allowed: set PUBLIC_URL or CORS_ORIGINS.',
    summary: 'a request was refused: the origin of its page is not allowed',
    allowedBy: `PUBLIC_URL=${origin.slice(0, MAX_LOGGED)} if that is the gateway's own URL behind a proxy, else CORS_ORIGINS`,
  };
}

/** Refuses a page opened from a file, or a sandboxed frame. */
const NO_ORIGIN: RequestRefusal = {
  status: 403,
  code: 'CROSS_ORIGIN',
  message:
    'The page has the origin "null", as files and sandboxed frames have, which cannot be allowed. Serve the page over http or https and add its origin to CORS_ORIGINS.',
  reason: 'The page has the origin "null", which cannot be allowed: serve it over http or https.',
  summary: 'a request was refused: the origin of its page is "null"',
  allowedBy: 'no setting: serve the page over http or https',
};

function quoted(value: string): string {
  return JSON.stringify(value.slice(0, MAX_LOGGED));
}

/** Emits a refusal as a fault, with the headers and the setting that would allow it. */
export function emitRefusal(
  events: EventEmitter,
  { headers }: IncomingMessage,
  { summary, allowedBy }: RequestRefusal,
): void {
  const { host, origin, 'x-forwarded-host': forwardedHost } = headers;
  const values = Object.entries({ host, origin, forwardedHost }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value).slice(0, MAX_LOGGED)] as const],
  );
  emitFault(events, 'server', 'info', summary, { ...Object.fromEntries(values), allowedBy });
}

import type { IncomingMessage } from 'node:http';

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
export function hostRefusal(host: string, localOnly: boolean): RequestRefusal {
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
export function originRefusal(origin = 'unknown'): RequestRefusal {
  return {
    status: 403,
    code: 'CROSS_ORIGIN',
    message: `The origin ${quoted(origin)} is not allowed. Set PUBLIC_URL if it is the gateway's own behind a proxy, else add it to CORS_ORIGINS.`,
    reason: 'The origin of this page is not allowed: set PUBLIC_URL or CORS_ORIGINS.',
    summary: 'a request was refused: the origin of its page is not allowed',
    allowedBy: `PUBLIC_URL=${origin.slice(0, MAX_LOGGED)} if that is the gateway's own URL behind a proxy, else CORS_ORIGINS`,
  };
}

function quoted(value: string): string {
  return JSON.stringify(value.slice(0, MAX_LOGGED));
}

/** Logs a refusal with the headers and the setting that would allow it. */
export function logRefusal(
  log: { info(details: object, message: string): void },
  { headers }: IncomingMessage,
  { summary, allowedBy }: RequestRefusal,
): void {
  const { host, origin, 'x-forwarded-host': forwardedHost } = headers;
  const values = Object.entries({ host, origin, forwardedHost }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value).slice(0, MAX_LOGGED)] as const],
  );
  log.info({ ...Object.fromEntries(values), allowedBy }, summary);
}

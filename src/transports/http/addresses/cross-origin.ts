import type { IncomingMessage } from 'node:http';
import type { AllowedHosts } from './allowed-hosts.ts';
import type { PublicUrl } from './public-url.ts';
import { hostRefusal, originRefusal, type RequestRefusal } from '../request-refusal.ts';

/** Options of `CrossOrigin`. */
export interface CrossOriginOptions {
  /** Allowed origins of other pages, as browsers write them, such as `https://app.example.com`. */
  readonly corsOrigins: readonly string[];
  readonly hosts: AllowedHosts;
  readonly publicUrl: PublicUrl;
}

/** Decides which pages may send requests from a browser: those of the gateway and of the allowed origins. Programs always may. */
export class CrossOrigin {
  readonly #origins: ReadonlySet<string>;
  readonly #hosts: AllowedHosts;
  readonly #publicUrl: PublicUrl;

  constructor({ corsOrigins, hosts, publicUrl }: CrossOriginOptions) {
    this.#origins = new Set(corsOrigins);
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
   * Checks whether a page may send an operation. A browser would hide the answer from a page of another site, but the operation
   * would be executed. Following a link to GraphiQL is not an operation.
   *
   * @param isUnasked whether browsers send it without a preflight request: WebSockets and forms
   */
  refusalOfPage(request: IncomingMessage, isUnasked: boolean): RequestRefusal | null {
    const { headers } = request;
    const { origin } = headers;
    if (origin !== undefined && this.#origins.has(origin)) return null;
    const site = headers['sec-fetch-site'];
    const isOtherSite = site === 'cross-site' || site === 'same-site';
    if (isOtherSite && headers['sec-fetch-mode'] !== 'navigate') return originRefusal(origin);
    if (origin === undefined) return null;
    const page = URL.parse(origin);
    const isOwn = page !== null && this.#publicUrl.isOwnOrigin(page, request);
    return this.#mayBeOwn(page) && (isOwn || !isUnasked) ? null : originRefusal(origin);
  }

  /** Whether any other origin is allowed. */
  get any(): boolean {
    return this.#origins.size > 0;
  }

  /** Yoga's settings for the CORS headers; false: none are sent. */
  headersFor(request: Request): CorsHeaders | false {
    const origin = request.headers.get('origin');
    if (origin === null || !this.#origins.has(origin)) return false;
    return {
      origin,
      methods: ['GET', 'POST'],
      allowedHeaders: ['content-type', 'authorization', 'accept'],
      credentials: false,
      maxAge: 600,
    };
  }

  /** A proxy may replace the Host of a rebound page's request; the origin of the page still names it. */
  #mayBeOwn(page: URL | null): boolean {
    return page === null || !/^https?:$/.test(page.protocol) || this.#hosts.allows(page.host);
  }
}

interface CorsHeaders {
  readonly origin: string;
  readonly methods: string[];
  readonly allowedHeaders: string[];
  readonly credentials: boolean;
  /** Seconds for which a browser may cache the answer to a preflight request. */
  readonly maxAge: number;
}

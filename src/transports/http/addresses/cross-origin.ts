import type { IncomingMessage } from 'node:http';
import type { AllowedHosts } from './allowed-hosts.ts';
import type { PublicUrl } from './public-url.ts';
import { hostRefusal, originRefusal, type RequestRefusal } from '../request-refusal.ts';

/** What decides whether a request is answered. */
export interface CrossOriginOptions {
  /** Origins whose pages may ask, as browsers write them, such as `https://app.example.com`. */
  readonly corsOrigins: readonly string[];
  readonly hosts: AllowedHosts;
  readonly publicUrl: PublicUrl;
}

/** Whose pages may ask from a browser: the gateway's own, and those of the origins in the list. Programs may always. */
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
   * Whether the host that a request names is allowed; that which a trusted proxy forwards, and the request's own: a page
   * can send any header but Host. Browsers always send a Host.
   */
  refusalOfHost(request: IncomingMessage): RequestRefusal | null {
    const { host } = request.headers;
    const forwarded = this.#publicUrl.forwardedHostOf(request);
    if (host !== undefined && !this.#hosts.allowsHost(host)) return hostRefusal(host, this.#hosts.localOnly);
    if (forwarded === null || this.#hosts.allows(forwarded)) return null;
    return hostRefusal(forwarded, this.#hosts.localOnly);
  }

  /**
   * Whether a page may send an operation. Its own answer would be kept from a page of another site, but what the
   * operation asks for would be done. Following a link to GraphiQL is no such request.
   *
   * @param isUnasked whether browsers let any page send it to any host without asking first: WebSockets and forms
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

  /** Whether pages of any other origin may ask. */
  get any(): boolean {
    return this.#origins.size > 0;
  }

  /** Yoga's settings for the headers that let a page of another origin read answers; false: it may not. */
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

  /** A proxy may replace the Host that a rebound page's request had; the page's origin still names it. */
  #mayBeOwn(page: URL | null): boolean {
    return page === null || !/^https?:$/.test(page.protocol) || this.#hosts.allows(page.host);
  }
}

interface CorsHeaders {
  readonly origin: string;
  readonly methods: string[];
  readonly allowedHeaders: string[];
  readonly credentials: boolean;
  /** Seconds for which a browser need not ask again. */
  readonly maxAge: number;
}

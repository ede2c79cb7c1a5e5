import type { IncomingMessage } from 'node:http';
import type { PublicUrl } from './public-url.ts';
import { rememberLast } from './remember-last.ts';

/** Whose pages may ask from a browser: the gateway's own, and those of the origins in the list. Programs may always. */
export class CrossOrigin {
  readonly #allowed: ReadonlySet<string>;
  readonly #localOnly: boolean;
  readonly #publicUrl: PublicUrl;

  /**
   * @param allowed origins as browsers write them, such as `https://app.example.com`
   * @param localOnly whether the gateway may be asked by the names of this machine only
   */
  constructor(allowed: readonly string[], localOnly: boolean, publicUrl: PublicUrl) {
    this.#publicUrl = publicUrl;
    this.#allowed = new Set(allowed);
    this.#localOnly = localOnly;
  }

  /**
   * Whoever owns a name can let it lead to this machine (DNS rebinding); to a browser, a page of that name is then of
   * the same origin as the gateway.
   */
  mayName({ headers: { host = 'localhost' } }: IncomingMessage): boolean {
    return !this.#localOnly || isLocal(host);
  }

  /**
   * Browsers let any page open a WebSocket to any host, and POST a form, and tell which page it is; programs send no
   * Origin.
   */
  mayUnasked(request: IncomingMessage): boolean {
    const { origin } = request.headers;
    if (origin === undefined || this.#allowed.has(origin)) return true;
    const page = URL.parse(origin);
    return page !== null && this.#publicUrl.isOwnOrigin(page, request);
  }

  /**
   * Browsers tell whether a request comes from another site's page (Fetch Metadata). Its answer would be kept from that
   * page, but what it asks for would be done. Following a link to GraphiQL is no such request.
   */
  mayRequest({ headers }: IncomingMessage): boolean {
    const site = headers['sec-fetch-site'];
    if (site !== 'cross-site' && site !== 'same-site') return true;
    if (headers['sec-fetch-mode'] === 'navigate') return true;
    return headers.origin !== undefined && this.#allowed.has(headers.origin);
  }

  /** Whether pages of any other origin may ask. */
  get any(): boolean {
    return this.#allowed.size > 0;
  }

  /** Yoga's settings for the headers that let a page of another origin read answers; false: it may not. */
  headersFor(request: Request): CorsHeaders | false {
    const origin = request.headers.get('origin');
    if (origin === null || !this.#allowed.has(origin)) return false;
    return {
      origin,
      methods: ['GET', 'POST'],
      allowedHeaders: ['content-type', 'authorization', 'accept'],
      credentials: false,
      maxAge: 600,
    };
  }
}

const LOCAL_NAME = /^(?:.+\.)?localhost$|^127\.\d+\.\d+\.\d+$|^\[::1\]$/;

const isLocal = rememberLast((host) => LOCAL_NAME.test(URL.parse(`http://${host}`)?.hostname ?? ''));

interface CorsHeaders {
  readonly origin: string;
  readonly methods: string[];
  readonly allowedHeaders: string[];
  readonly credentials: boolean;
  /** Seconds for which a browser need not ask again. */
  readonly maxAge: number;
}

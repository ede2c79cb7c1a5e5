import { memoizeLast } from '../memoize-last.ts';

/** The subdomains of a host, at any depth: the text before and after their labels. */
interface Subdomains {
  /** The scheme, such as `https://`. */
  readonly start: string;
  /** The host with its dot, and the port if it is not the default one, such as `.example.com:8443`. */
  readonly end: string;
}

const LABELS = /^[\w-]+(?:\.[\w-]+)*$/;

/** The origins in `CORS_ORIGINS`. */
export class AllowedOrigins {
  readonly #exact: ReadonlySet<string>;
  readonly #subdomains: readonly Subdomains[];

  /** @param origins in lower case; `https://*.example.com` stands for all subdomains, but not for `https://example.com` */
  constructor(origins: readonly string[]) {
    this.#exact = new Set(origins);
    this.#subdomains = origins.flatMap((origin) => {
      const [start = '', end] = origin.split('*');
      return end === undefined ? [] : [{ start, end }];
    });
  }

  /**
   * Whether an origin is listed.
   *
   * @param origin as in an Origin header. Safari writes the ids of its extensions in upper case.
   */
  readonly allows = memoizeLast((origin: string): boolean => {
    const lower = origin.toLowerCase();
    if (lower.includes('*')) return false;
    return this.#exact.has(lower) || this.#subdomains.some((subdomains) => isWithin(lower, subdomains));
  });
}

function isWithin(origin: string, { start, end }: Subdomains): boolean {
  return (
    origin.startsWith(start) && origin.endsWith(end) && LABELS.test(origin.slice(start.length, -end.length))
  );
}

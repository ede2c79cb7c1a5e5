import { isPublicHost } from '../domain/request/public-address.ts';
import { MAX_URL } from '../domain/request/video-request.ts';

/**
 * The URLs that webhooks may be sent to: on any public https origin, or on the listed origins only. A listed origin may have private
 * addresses; on loopback it may be http.
 */
export class AllowedTargets {
  readonly #origins: ReadonlySet<string> | null;

  /** @param origins without a slash at the end; null: any public https origin */
  constructor(origins: readonly string[] | null) {
    this.#origins = origins === null ? null : new Set(origins);
  }

  /** Why a URL is not allowed, as far as its text shows it, such as `must be an https URL`. @returns null when it is allowed */
  refusalOf(text: string): string | null {
    // Stricter than URL.parse, which repairs missing slashes, blanks and line breaks.
    const url = /^https?:\/\/[^\s\p{Cc}/\\][^\s\p{Cc}]*$/iu.test(text) ? URL.parse(text) : null;
    if (url === null) return 'must be an https URL, such as https://example.com/webhook';
    if (url.href.length > MAX_URL) return `must be at most ${MAX_URL.toLocaleString('en')} characters long`;
    if (url.username !== '' || url.password !== '') return 'must not have a user name or a password';
    if (url.hash !== '') return 'must not have a fragment';
    if (this.isListed(url.origin)) return null;
    if (this.#origins !== null) return 'must be on an origin that the gateway allows for webhooks';
    if (url.protocol !== 'https:') return 'must be an https URL, such as https://example.com/webhook';
    return isPublicHost(url) ? null : 'must be on a public host';
  }

  /** Whether the operator lists this origin. Only then may it have private addresses. */
  isListed(origin: string): boolean {
    return this.#origins?.has(origin) === true;
  }
}

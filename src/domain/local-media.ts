/** The path at which the gateway serves the files of an upstream that clients cannot reach. */
export const LOCAL_MEDIA_PATH = '/sandbox';

const LOOPBACK: readonly string[] = ['127.0.0.1', 'localhost', '[::1]'];
/** One plain segment in one of the sandbox's folders, so that no path traversal is possible. */
const MEDIA_PATH = /^\/(?:images|uploads|videos)\/[\w-][\w.-]*$/;

/**
 * The images and videos of an upstream that is not on a public host, such as the sandbox. Clients cannot reach it, so they get URLs of
 * the gateway, which proxies the files. Jobs are stored with the upstream's own URLs.
 */
export class LocalMedia {
  /** The upstream's origin, such as `http://127.0.0.1:4010`. */
  readonly origin: string;
  /** That origin and the other loopback names of its host. */
  readonly origins: readonly string[];

  constructor(origin: string) {
    this.origin = origin;
    this.origins = [...new Set([origin, ...loopbackAliases(origin)])];
  }

  /** @param baseUrl the gateway's URL for one client, without a trailing slash */
  at(baseUrl: string): MediaUrls {
    return new MediaUrls(this.origins, baseUrl + LOCAL_MEDIA_PATH);
  }

  /**
   * @param path of a request to the gateway, such as `/sandbox/videos/1.mp4`
   * @returns the upstream's path; null when it is not the path of a file
   */
  static upstreamPath(path: string): string | null {
    return path.startsWith(LOCAL_MEDIA_PATH) ? mediaPath(path.slice(LOCAL_MEDIA_PATH.length)) : null;
  }
}

/** The URLs of local media for one client. */
export class MediaUrls {
  readonly #origins: readonly string[];
  readonly #base: string;

  /**
   * @param origins the upstream's origin and its aliases
   * @param base replaces the origin
   */
  constructor(origins: readonly string[], base: string) {
    this.#origins = origins;
    this.#base = base;
  }

  /** Converts a URL of the upstream's files for the client; other URLs stay as they are. */
  present(url: string): string {
    const path = this.#pathAtUpstream(url);
    return path === null ? url : this.#base + path;
  }

  /** Converts either URL of a file to the upstream's; null for other URLs. */
  toUpstream(url: string): string | null {
    const path = pathAfter(this.#base, url) ?? this.#pathAtUpstream(url);
    return path === null ? null : `${this.#origins[0]}${path}`;
  }

  #pathAtUpstream(url: string): string | null {
    for (const origin of this.#origins) {
      const path = pathAfter(origin, url);
      if (path !== null) return path;
    }
    return null;
  }
}

function pathAfter(base: string, url: string): string | null {
  return url.startsWith(base) ? mediaPath(url.slice(base.length)) : null;
}

/** A sandbox on this machine may be addressed by another loopback name than its own. */
function loopbackAliases(origin: string): string[] {
  const { protocol, hostname, port } = new URL(origin);
  if (!LOOPBACK.includes(hostname)) return [];
  return LOOPBACK.map((host) => new URL(`${protocol}//${host}:${port}`).origin);
}

function mediaPath(path: string): string | null {
  return MEDIA_PATH.test(path) ? path : null;
}

/** A job of another caller, shown by a link that contains a token for it. */
export interface SharedJob {
  readonly id: string;
  readonly token: string;
}

/** The job of a shared link; null when the URL is not such a link. */
export function sharedJobOf({ pathname, hash }: Pick<URL, 'pathname' | 'hash'>): SharedJob | null {
  const id = /\/jobs\/([^/]+)$/.exec(pathname)?.[1];
  const token = new URLSearchParams(hash.slice(1)).get('token');
  return id === undefined || token === null || token === '' ? null : { id, token };
}

const KEY = 'reelgate-token';

/** The bearer token that this tab signs in with: it lasts as long as the tab. Null: none. */
export function readToken(): string | null {
  return sessionStorage.getItem(KEY);
}

/** Null signs out. */
export function saveToken(token: string | null): void {
  if (token === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, token);
}

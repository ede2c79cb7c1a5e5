const KEY = 'reelgate-token';

/** The bearer token of this tab, stored until the tab closes; null: none. */
export function readToken(): string | null {
  return sessionStorage.getItem(KEY);
}

/** @param token null signs out */
export function saveToken(token: string | null): void {
  if (token === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, token);
}

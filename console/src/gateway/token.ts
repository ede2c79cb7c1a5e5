import { webStorage } from '../ui/web-storage.ts';

const KEY = 'reelgate-token';
const storage = webStorage('sessionStorage');
let token = storage?.getItem(KEY) ?? null;

/** The bearer token of this tab, stored until the tab closes, or the page where it may store nothing; null: none. */
export function readToken(): string | null {
  return token;
}

/** @param newToken null signs out */
export function saveToken(newToken: string | null): void {
  token = newToken;
  if (newToken === null) storage?.removeItem(KEY);
  else storage?.setItem(KEY, newToken);
}

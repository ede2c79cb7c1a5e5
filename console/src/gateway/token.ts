import { webStorage } from '../ui/web-storage.ts';

const KEY = 'reelgate-token';
const storage = webStorage('sessionStorage');
let token = storage?.getItem(KEY) ?? null;

/** The bearer token of this tab; null: none. It is kept until the tab closes, or until a reload where the browser forbids storage. */
export function readToken(): string | null {
  return token;
}

/** @param newToken null signs out */
export function saveToken(newToken: string | null): void {
  token = newToken;
  if (newToken === null) storage?.removeItem(KEY);
  else storage?.setItem(KEY, newToken);
}

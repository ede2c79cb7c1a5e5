/** A storage of the browser; null where the user forbids the page to store anything: reading the property throws then. */
export function webStorage(name: 'localStorage' | 'sessionStorage'): Storage | null {
  try {
    return globalThis[name];
  } catch {
    return null;
  }
}

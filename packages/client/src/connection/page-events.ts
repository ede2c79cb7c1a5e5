/** Browsers and their workers have the events of the network. */
interface Page {
  readonly addEventListener?: EventTarget['addEventListener'];
  readonly removeEventListener?: EventTarget['removeEventListener'];
}

/** Calls the listener when the network returns (`online`) or goes away (`offline`). @returns a function that removes it */
export function onNetwork(type: 'online' | 'offline', listener: () => void): () => void {
  const page: Page = globalThis;
  page.addEventListener?.(type, listener);
  return () => page.removeEventListener?.(type, listener);
}

/** What browsers and their workers have of this; other platforms have none of it. */
interface Page {
  readonly addEventListener?: EventTarget['addEventListener'];
  readonly removeEventListener?: EventTarget['removeEventListener'];
  readonly document?: EventTarget & { readonly visibilityState: string };
}

/** Calls the listener when the network returns or the page becomes visible. @returns a function that removes it */
export function onWake(listener: () => void): () => void {
  const { document }: Page = globalThis;
  const seen = (): void => {
    if (document?.visibilityState === 'visible') listener();
  };
  const ignoreOnline = onOnline(listener);
  document?.addEventListener('visibilitychange', seen);
  return () => {
    ignoreOnline();
    document?.removeEventListener('visibilitychange', seen);
  };
}

/** Calls the listener when the network returns. @returns a function that removes it */
export function onOnline(listener: () => void): () => void {
  return onEvent('online', listener);
}

/** Calls the listener when the network goes away. @returns a function that removes it */
export function onOffline(listener: () => void): () => void {
  return onEvent('offline', listener);
}

function onEvent(type: string, listener: () => void): () => void {
  const page: Page = globalThis;
  page.addEventListener?.(type, listener);
  return () => page.removeEventListener?.(type, listener);
}

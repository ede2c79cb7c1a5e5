/** An image that has not loaded after this time is reported as one that does not load. */
const DEADLINE_MS = 6000;

/**
 * Whether the browser can load an image from a URL. It says nothing for sure about the model's host: that may be allowed what the
 * browser is not, and the other way round.
 *
 * @throws the reason of `signal`
 */
export async function imageLoads(url: string, signal: AbortSignal): Promise<boolean> {
  const image = new Image();
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, DEADLINE_MS, false);
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort);
  image.addEventListener('load', () => resolve(true));
  image.addEventListener('error', () => resolve(false));
  image.referrerPolicy = 'no-referrer';
  image.src = url;
  try {
    signal.throwIfAborted();
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    // Ends the request.
    image.src = '';
  }
}

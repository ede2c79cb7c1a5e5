/** The URL of something that the gateway serves, wherever a proxy has put the gateway. */
export function gatewayUrl(path: string): string {
  return new URL(path, document.baseURI).href;
}

/** The path of the page's first route, without the slash at its end: `/reelgate`, or nothing. */
export const BASE_PATH = new URL(document.baseURI).pathname.replace(/\/[^/]*$/, '');

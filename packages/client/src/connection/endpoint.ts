/**
 * The absolute URL of an endpoint.
 *
 * @throws TypeError for a relative one without a page
 */
export function endpointUrl(url: string | URL): string {
  const page: {
    readonly document?: { readonly baseURI: string };
    readonly location?: { readonly href: string };
  } = globalThis;
  try {
    return new URL(url, page.document?.baseURI ?? page.location?.href).href;
  } catch {
    throw new TypeError(`The URL "${url}" is not valid. Outside of a browser it must be absolute.`);
  }
}

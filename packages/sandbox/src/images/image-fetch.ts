import { Agent, request } from 'undici';
import { publicLookup, refusePrivateAddress } from './public-address.ts';

/** Limits of fetching an image. Times are ms. */
export interface ImageLimits {
  /** Until the connection is established. */
  readonly connectMs: number;
  /** For the whole fetch, redirects included. */
  readonly totalMs: number;
  readonly maxBytes: number;
  /** 0: no redirect is followed. */
  readonly maxRedirects: number;
}

export const IMAGE_LIMITS: ImageLimits = {
  connectMs: 1_500,
  totalMs: 5_000,
  maxBytes: 10 * 1024 * 1024,
  maxRedirects: 3,
};

/** Which addresses images may be fetched from. */
export interface ImageSources {
  /** Whether private, loopback and link-local addresses are allowed. */
  readonly privateAddresses: boolean;
  /** The URL to fetch an image of this sandbox from, always allowed; null for other images. */
  readonly own: (url: URL) => URL | null;
}

const ANYWHERE: ImageSources = { privateAddresses: true, own: () => null };

/**
 * Fetches an http, https or `data:` URL. The content is not checked.
 *
 * @throws when a limit is exceeded, the address is not allowed, the request fails, or `signal` aborts
 */
export async function fetchImage(
  url: string,
  signal: AbortSignal,
  limits: ImageLimits = IMAGE_LIMITS,
  sources: ImageSources = ANYWHERE,
): Promise<Uint8Array> {
  if (url.startsWith('data:')) return decodeDataUrl(url);
  const connect = { timeout: limits.connectMs };
  const anyAgent = new Agent({ connect, pipelining: 0 });
  const publicAgent = new Agent({ connect: { ...connect, lookup: publicLookup }, pipelining: 0 });
  const late = AbortSignal.timeout(limits.totalMs);
  try {
    return await follow(new URL(url), limits.maxRedirects);
  } finally {
    await Promise.all([anyAgent.destroy(), publicAgent.destroy()]);
  }

  async function follow(at: URL, redirectsLeft: number): Promise<Uint8Array> {
    if (at.protocol !== 'http:' && at.protocol !== 'https:')
      throw new Error(`the image URL has the protocol ${at.protocol} instead of http: or https:`);
    const own = sources.own(at);
    const isChecked = own === null && !sources.privateAddresses;
    if (isChecked) refusePrivateAddress(at);
    const response = await request(own ?? at, {
      dispatcher: isChecked ? publicAgent : anyAgent,
      signal: AbortSignal.any([signal, late]),
      headers: { accept: 'image/*', 'user-agent': 'reelgate-sandbox' },
    });
    // A discarded body has no reader: without this listener its error would end the process.
    response.body.on('error', () => undefined);
    const { location } = response.headers;
    if (response.statusCode >= 300 && response.statusCode < 400 && typeof location === 'string') {
      response.body.destroy();
      if (redirectsLeft === 0) throw new Error(`more than ${limits.maxRedirects} redirects`);
      return follow(new URL(location, at), redirectsLeft - 1);
    }
    if (response.statusCode !== 200) {
      response.body.destroy();
      throw new Error(`the host of the image answered ${response.statusCode}`);
    }
    return collect(response.body, limits.maxBytes);
  }
}

async function collect(body: AsyncIterable<unknown>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // A throw in the loop destroys the stream.
  for await (const chunk of body) {
    if (!(chunk instanceof Uint8Array)) continue;
    length += chunk.byteLength;
    if (length > maxBytes) throw new Error(`the image is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function decodeDataUrl(url: string): Uint8Array {
  const comma = url.indexOf(',');
  if (comma === -1) throw new Error('the data: URL has no comma');
  const content = url.slice(comma + 1);
  return url.slice(0, comma).endsWith(';base64')
    ? Buffer.from(content, 'base64')
    : Buffer.from(decodeURIComponent(content));
}

import { Agent, request } from 'undici';
import { publicLookup, refusePrivateAddress } from './public-address.ts';

/** How long, how large and how far away an image may be. Times are ms. */
export interface ImageLimits {
  /** Until the connection stands. */
  readonly connectMs: number;
  /** For all of it, redirects included. */
  readonly totalMs: number;
  readonly maxBytes: number;
  /** 0: none is followed. */
  readonly maxRedirects: number;
}

/** What a job's image gets: 1.5 s to connect, 5 s in all, 10 MiB, three redirects. */
export const IMAGE_LIMITS: ImageLimits = {
  connectMs: 1_500,
  totalMs: 5_000,
  maxBytes: 10 * 1024 * 1024,
  maxRedirects: 3,
};

/** Where images may be. */
export interface ImageSources {
  /** Whether at private, loopback and link-local addresses too. */
  readonly privateAddresses: boolean;
  /** Where an image of this sandbox is, at whatever address; null for one that is elsewhere. */
  readonly own: (url: URL) => URL | null;
}

/** Anywhere. */
const ANYWHERE: ImageSources = { privateAddresses: true, own: () => null };

/**
 * The bytes behind an http, https or `data:` URL. What they are is not looked at.
 *
 * @throws when they cannot be had within the limits, are where they may not be, or `signal` aborts
 */
export async function fetchImage(
  url: string,
  signal: AbortSignal,
  limits: ImageLimits = IMAGE_LIMITS,
  sources: ImageSources = ANYWHERE,
): Promise<Uint8Array> {
  if (url.startsWith('data:')) return decodeDataUrl(url);
  const connect = { timeout: limits.connectMs };
  const everywhere = new Agent({ connect, pipelining: 0 });
  const outside = new Agent({ connect: { ...connect, lookup: publicLookup }, pipelining: 0 });
  const late = AbortSignal.timeout(limits.totalMs);
  try {
    return await follow(new URL(url), limits.maxRedirects);
  } finally {
    await Promise.all([everywhere.destroy(), outside.destroy()]);
  }

  async function follow(at: URL, redirectsLeft: number): Promise<Uint8Array> {
    if (at.protocol !== 'http:' && at.protocol !== 'https:') throw new Error(`not fetched by ${at.protocol}`);
    const own = sources.own(at);
    const isChecked = own === null && !sources.privateAddresses;
    if (isChecked) refusePrivateAddress(at);
    const response = await request(own ?? at, {
      dispatcher: isChecked ? outside : everywhere,
      signal: AbortSignal.any([signal, late]),
      headers: { accept: 'image/*', 'user-agent': 'reelgate-sandbox' },
    });
    // A body that is thrown away has no reader to whom its error could go, and would end the process.
    response.body.on('error', () => undefined);
    const { location } = response.headers;
    if (response.statusCode >= 300 && response.statusCode < 400 && typeof location === 'string') {
      response.body.destroy();
      if (redirectsLeft === 0) throw new Error('too many redirects');
      return follow(new URL(location, at), redirectsLeft - 1);
    }
    if (response.statusCode !== 200) {
      response.body.destroy();
      throw new Error(`answered ${response.statusCode}`);
    }
    return collect(response.body, limits.maxBytes);
  }
}

async function collect(body: AsyncIterable<unknown>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop by a throw destroys the stream.
  for await (const chunk of body) {
    if (!(chunk instanceof Uint8Array)) continue;
    length += chunk.byteLength;
    if (length > maxBytes) throw new Error(`longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function decodeDataUrl(url: string): Uint8Array {
  const comma = url.indexOf(',');
  if (comma === -1) throw new Error('a data: URL without a comma');
  const content = url.slice(comma + 1);
  return url.slice(0, comma).endsWith(';base64')
    ? Buffer.from(content, 'base64')
    : Buffer.from(decodeURIComponent(content));
}

import { memoizeLast } from '../memoize-last.ts';

/** Media types of a result that is not a stream. */
const MEDIA_TYPES = ['application/graphql-response+json', 'application/json'] as const;
export type MediaType = (typeof MEDIA_TYPES)[number];

/**
 * The media type that Yoga would answer a query with.
 *
 * @param accept the Accept header
 * @returns null when the header accepts neither type or needs Yoga's full negotiation
 */
export function regularMediaType(accept: string | undefined): MediaType | null {
  if (accept === undefined || accept === '*/*' || accept === 'application/json') return 'application/json';
  const types = accept.toLowerCase();
  if (types.includes('charset')) return null;
  const first = types
    .split(',')
    .map((item) => item.split(';', 1)[0]?.trim())
    .find(
      (type) => type === '*/*' || type === 'application/*' || MEDIA_TYPES.some((known) => known === type),
    );
  if (first === undefined) return null;
  return first === 'application/graphql-response+json' ? first : 'application/json';
}

/** The weight of a media range: 1 by default (RFC 9110, section 12.4.2). */
const WEIGHT = /;\s*q=([\d.]+)/i;

/**
 * Orders the media ranges of an Accept header by their weights, without those of weight 0: what reads the header later takes the first
 * range that it supports.
 */
export const byWeight = memoizeLast((accept: string): string => {
  if (!WEIGHT.test(accept)) return accept;
  return accept
    .split(',')
    .map((range) => ({ range: range.trim(), weight: Number(WEIGHT.exec(range)?.[1] ?? 1) }))
    .filter(({ weight }) => weight > 0)
    .toSorted((a, b) => b.weight - a.weight)
    .map(({ range }) => range)
    .join(', ');
});

/** One media range of an Accept header, in lower case. */
export interface MediaRange {
  readonly type: string;
  /** Without quotes. */
  readonly params: readonly string[];
}

/** The media ranges of an Accept header in their order. Weights do not count: see `byWeight`. */
export function mediaRanges(accept: string | null): readonly MediaRange[] {
  return (accept ?? '*/*').split(',').map((range) => {
    const [type = '', ...params] = range
      .toLowerCase()
      .replaceAll(/[\s"']/g, '')
      .split(';');
    return { type, params };
  });
}

const SUPPORTED =
  /^(?:\*\/\*|application\/(?:\*|json|graphql-response\+json)|text\/(?:\*|event-stream)|multipart\/mixed)$/;

/** Whether the gateway has answers of a media range. */
export function isSupported({ type, params }: MediaRange): boolean {
  const charset = params.find((param) => param.startsWith('charset='));
  return SUPPORTED.test(type) && (charset === undefined || charset === 'charset=utf-8');
}

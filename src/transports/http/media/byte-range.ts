import type { ByteRange } from '../../../archive/blob-store.ts';

/** A part of a file whose length is not known yet. */
export type RequestedRange =
  /** `end` is included; null: to the end of the file. */
  | { readonly start: number; readonly end: number | null }
  /** The last bytes. */
  | { readonly suffix: number };

const SINGLE = /^bytes[ \t]*=[ \t]*(\d*)-(\d*)[ \t]*$/i;

/**
 * Reads a Range header (RFC 9110, section 14.2).
 *
 * @returns null when the whole file is sent: without a header, with an invalid one, and for several ranges
 */
export function parseRange(header: string | undefined): RequestedRange | null {
  const [, first, last] = SINGLE.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return null;
  if (first === '') return { suffix: Number(last) };
  const start = Number(first);
  if (last === '') return { start, end: null };
  return Number(last) < start ? null : { start, end: Number(last) };
}

/** The bytes of a range within a file. @returns null when the file has none of them */
export function rangeWithin(range: RequestedRange, length: number): ByteRange | null {
  if ('suffix' in range) {
    return range.suffix === 0 || length === 0
      ? null
      : { start: Math.max(0, length - range.suffix), end: length - 1 };
  }
  if (range.start >= length) return null;
  return { start: range.start, end: Math.min(range.end ?? Infinity, length - 1) };
}

/** A range as a Range header. */
export function rangeHeader(range: RequestedRange): string {
  return 'suffix' in range ? `bytes=-${range.suffix}` : `bytes=${range.start}-${range.end ?? ''}`;
}

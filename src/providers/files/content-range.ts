/** The parts of a Content-Range header. */
export interface ContentRange {
  /** Both ends included; null: the file does not have the requested range. */
  readonly range: { readonly start: number; readonly end: number } | null;
  /** Bytes of the whole file; null: unknown. */
  readonly length: number | null;
}

const CONTENT_RANGE = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/i;

/** Reads a Content-Range header (RFC 9110, section 14.4). @returns null when it is invalid */
export function parseContentRange(header: unknown): ContentRange | null {
  const [, first, last, total] = (typeof header === 'string' ? CONTENT_RANGE.exec(header) : null) ?? [];
  if (total === undefined) return null;
  const length = total === '*' ? null : Number(total);
  if (first === undefined) return { range: null, length };
  const range = { start: Number(first), end: Number(last) };
  return range.start <= range.end && range.end < (length ?? Infinity) ? { range, length } : null;
}

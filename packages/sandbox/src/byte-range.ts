/** Which bytes of a file of `size` are asked for: all of them, from `start` to `end` inclusive, or none that exist. */
export type ByteRange = 'all' | 'unsatisfiable' | { readonly start: number; readonly end: number };

/** Reads a Range header. Anything but one range of bytes is passed over, as RFC 9110 allows. */
export function byteRange(header: string | undefined, size: number): ByteRange {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  const [, first = '', last = ''] = match ?? [];
  if (first === '' && last === '') return 'all';
  if (first === '') {
    const suffix = Math.min(Number(last), size);
    return suffix === 0 ? 'unsatisfiable' : { start: size - suffix, end: size - 1 };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return 'all';
  if (start >= size) return 'unsatisfiable';
  return { start, end: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
}

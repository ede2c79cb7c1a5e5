/**
 * A text in UTF-8, as a string with one character per byte. Such strings can be joined and are written to a stream as
 * `latin1` in one piece, which is the cheapest way.
 */
export function byteString(text: string): string {
  return Buffer.byteLength(text) === text.length ? text : Buffer.from(text).toString('latin1');
}

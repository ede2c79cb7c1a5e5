/** First byte of a frame that is a whole text message. */
const TEXT = 0x81;
/** Longest payload in bytes whose length fits into the frame's second byte, and into two more. */
const MAX_SHORT = 125;
const MAX_MEDIUM = 0xffff;

/**
 * A text's UTF-8, a character a byte: what is so written can be joined as strings, and goes to a stream as `latin1`
 * in one piece, which costs least.
 */
export function bytesOf(text: string): string {
  return Buffer.byteLength(text) === text.length ? text : Buffer.from(text).toString('latin1');
}

/**
 * A whole text message as a server sends it, a character a byte (RFC 6455, section 5.2). ws would write head and payload
 * each by itself, which costs a third more. Nothing of ws' own can be overtaken, as without compression it holds nothing
 * back.
 *
 * @param bytes as of `bytesOf`
 */
export function frameOf(bytes: string): string {
  return headOf(bytes.length) + bytes;
}

function headOf(length: number): string {
  if (length <= MAX_SHORT) return String.fromCharCode(TEXT, length);
  if (length <= MAX_MEDIUM) return String.fromCharCode(TEXT, MAX_SHORT + 1, length >> 8, length & 0xff);
  // No string is as long as 4 GiB.
  const low = [length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff];
  return String.fromCharCode(TEXT, MAX_SHORT + 2, 0, 0, 0, 0, ...low);
}

import { innerBoxesOf } from './mp4-boxes.ts';

/** The headers of the film, a track and its medium: each begins with when it was made and when it was changed. */
const DATED = new Set(['mvhd', 'tkhd', 'mdhd']);

/**
 * Sets the dates in an MP4 to 0, in place: the encoder writes the clock's, and a film is to depend on its input only.
 *
 * @throws RangeError when the bytes are no MP4
 */
export function blankDates(file: Uint8Array): void {
  for (const { type, start, size } of innerBoxesOf(file)) {
    if (!DATED.has(type)) continue;
    // After the box's header, its version and its flags; two dates of 64 bits in version 1, else of 32.
    const content = file.subarray(start + 8, start + size);
    content.subarray(4, content[0] === 1 ? 20 : 12).fill(0);
  }
}

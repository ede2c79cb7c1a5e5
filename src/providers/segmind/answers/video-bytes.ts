/**
 * The media type of a video by its first bytes: MP4 (ISO 14496-12: a box `ftyp`), WebM (the EBML header) or GIF.
 *
 * @returns null for anything else
 */
export function videoType(bytes: Buffer): string | null {
  if (bytes.toString('latin1', 4, 8) === 'ftyp') return 'video/mp4';
  if (bytes.toString('hex', 0, 4) === '1a45dfa3') return 'video/webm';
  return bytes.toString('latin1', 0, 4) === 'GIF8' ? 'image/gif' : null;
}

/**
 * Decodes a video in base64, with the usual or the URL-safe alphabet, with or without padding and line breaks.
 *
 * @returns null where the text is not base64, or not that of a video: a word like `None` is base64 too
 */
export function decodeVideo(text: string): Buffer | null {
  if (videoType(Buffer.from(text.slice(0, 64), 'base64')) === null) return null;
  const data = text.replaceAll(/\s+/g, '').replace(/={1,2}$/, '');
  // Buffer.from skips what is not base64.
  if (data.length % 4 === 1 || /[^\w+/-]/.test(data)) return null;
  return Buffer.from(data, 'base64');
}

/** The formats that the page distinguishes by their first bytes. */
export type ImageFormat = 'png' | 'jpeg' | 'webp' | 'gif' | 'avif' | 'heic';

/** How many bytes `formatOf` and `orientationOf` need. EXIF data is at the start of a JPEG, in a segment of at most 64 KiB. */
export const HEAD_BYTES = 128 * 1024;

/** The format of a file, by its content: names and media types of files can be wrong or absent. Null: another one. */
export function formatOf(head: Uint8Array): ImageFormat | null {
  const text = latin1(head.subarray(0, 12));
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'png';
  if (text.startsWith('\xff\xd8\xff')) return 'jpeg';
  if (/^GIF8[79]a/.test(text)) return 'gif';
  if (/^RIFF[^]{4}WEBP/.test(text)) return 'webp';
  return text.slice(4, 8) === 'ftyp' ? formatOfBrands(head) : null;
}

const HEIC_BRANDS: ReadonlySet<string> = new Set([
  'heic',
  'heix',
  'heim',
  'heis',
  'hevc',
  'hevx',
  'mif1',
  'msf1',
]);

/** HEIC and AVIF are the same container. Its first box lists what is inside: `mif1` is any of them, `avif` is AVIF. */
function formatOfBrands(head: Uint8Array): ImageFormat | null {
  const size = new DataView(head.buffer, head.byteOffset, head.byteLength).getUint32(0);
  const brands: readonly string[] = latin1(head.subarray(8, size)).match(/[^]{4}/g) ?? [];
  if (brands.includes('avif') || brands.includes('avis')) return 'avif';
  return brands.some((brand) => HEIC_BRANDS.has(brand)) ? 'heic' : null;
}

const EXIF = 'Exif\0\0';
const ORIENTATION_TAG = 0x0112;

/** The EXIF orientation of a JPEG: 1 to 8, where 1 is upright. Files without a valid one are upright. */
export function orientationOf(head: Uint8Array): number {
  try {
    const orientation = exifOrientation(new DataView(head.buffer, head.byteOffset, head.byteLength));
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
  } catch (error) {
    // The data ends within a structure, or refers to a place behind its end.
    if (error instanceof RangeError) return 1;
    throw error;
  }
}

/** @throws RangeError when the data is cut or invalid */
function exifOrientation(view: DataView): number {
  // A JPEG is a sequence of segments: 0xff, a type, and the length of the rest. 0xffe1 is EXIF; 0xffda begins the image's data.
  let at = 2;
  while (view.getUint16(at) !== 0xffe1 || textAt(view, at + 4, EXIF.length) !== EXIF) {
    if (view.getUint8(at) !== 0xff || view.getUint16(at) === 0xffda) return 1;
    at += 2 + view.getUint16(at + 2);
  }
  const tiff = at + 4 + EXIF.length;
  const isLittle = textAt(view, tiff, 2) === 'II';
  const directory = tiff + view.getUint32(tiff + 4, isLittle);
  const count = view.getUint16(directory, isLittle);
  for (let entry = directory + 2; entry < directory + 2 + count * 12; entry += 12) {
    if (view.getUint16(entry, isLittle) === ORIENTATION_TAG) return view.getUint16(entry + 8, isLittle);
  }
  return 1;
}

function textAt(view: DataView, at: number, length: number): string {
  return latin1(new Uint8Array(view.buffer, view.byteOffset + at, length));
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

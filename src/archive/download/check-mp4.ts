/** Checks that a file is a playable MP4: its boxes (ISO 14496-12) are complete, and one of its tracks is a video. */
import type { ByteSource } from './byte-source.ts';

/** A box without its header. */
interface Box {
  /** Four characters. */
  readonly type: string;
  /** Where its content starts, in bytes. */
  readonly start: number;
  /** Where its content ends, in bytes. */
  readonly end: number;
}

/** The index of a video of five seconds has about 10 KB. */
const MAX_INDEX_BYTES = 16 * 1024 * 1024;
/** Boxes at the top level: a fragmented video has two for each fragment. */
const MAX_BOXES = 10_000;
/** The size, the type, and the 64-bit size of large boxes. */
const MAX_HEADER = 16;
const REQUIRED = ['ftyp', 'moov', 'mdat'] as const;

/**
 * Finds out why a file is not a playable MP4.
 *
 * @returns for the log; null when it is playable
 */
export async function findMp4Fault(file: ByteSource): Promise<string | null> {
  const head = await file.read(0, MAX_HEADER);
  if (head.toString('latin1', 4, 8) !== 'ftyp') return `it does not begin like an MP4 (${describe(head)})`;
  const boxes: Box[] = [];
  let position = 0;
  while (position < file.byteLength && boxes.length < MAX_BOXES) {
    const box = readHeader(await file.read(position, MAX_HEADER), position, file.byteLength);
    if (box === null || box.end > file.byteLength) break;
    boxes.push(box);
    position = box.end;
  }
  // Bytes after a complete video do not matter: players ignore them.
  const missing = REQUIRED.filter((type) => !boxes.some((box) => box.type === type));
  if (missing.length > 0) return `it has no complete ${missing.join(' and no complete ')} box`;
  const index = boxes.find(({ type }) => type === 'moov');
  if (index === undefined || index.end - index.start > MAX_INDEX_BYTES) return 'its index is too large';
  const movie = await file.read(index.start, index.end - index.start);
  return hasVideoTrack(movie) ? null : 'it has no video track';
}

function hasVideoTrack(movie: Buffer): boolean {
  return childrenOf(movie, 'trak').some((track) =>
    childrenOf(track, 'mdia').some((media) => {
      const isVideo = childrenOf(media, 'hdlr').some(
        (handler) => handler.toString('latin1', 8, 12) === 'vide',
      );
      return isVideo && childrenOf(media, 'minf').some(hasSamples);
    }),
  );
}

/** Whether the table of samples names a codec. */
function hasSamples(information: Buffer): boolean {
  return childrenOf(information, 'stbl').some((table) =>
    childrenOf(table, 'stsd').some((codecs) => codecs.length >= 8 && codecs.readUInt32BE(4) > 0),
  );
}

/** The contents of the boxes of one type within another box. */
function childrenOf(content: Buffer, type: string): Buffer[] {
  const found: Buffer[] = [];
  for (let position = 0; position < content.length;) {
    const header = content.subarray(position, position + MAX_HEADER);
    const box = readHeader(header, position, content.length);
    if (box === null || box.end > content.length) break;
    if (box.type === type) found.push(content.subarray(box.start, box.end));
    position = box.end;
  }
  return found;
}

/**
 * @param position of the header
 * @param limit where a box without a size ends
 * @returns null when the bytes are not a header
 */
function readHeader(header: Buffer, position: number, limit: number): Box | null {
  if (header.length < 8) return null;
  const type = header.toString('latin1', 4, 8);
  const size = header.readUInt32BE(0);
  if (size === 0) return { type, start: position + 8, end: limit };
  if (size >= 8) return { type, start: position + 8, end: position + size };
  if (size !== 1 || header.length < MAX_HEADER) return null;
  const large = Number(header.readBigUInt64BE(8));
  return large < MAX_HEADER ? null : { type, start: position + MAX_HEADER, end: position + large };
}

/** The first characters of the file, for the log: an error page begins with `<!doctype`. */
function describe(head: Buffer): string {
  if (head.length === 0) return 'it is empty';
  return `"${head.toString('latin1').replaceAll(/[^\x20-\x7e]/g, '.')}"`;
}

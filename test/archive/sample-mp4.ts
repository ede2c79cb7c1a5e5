/** A box of an MP4 with its contents. */
export function box(type: string, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const header = Buffer.alloc(8);
  header.writeUInt32BE(8 + content.length);
  header.write(type, 4, 'latin1');
  return Buffer.concat([header, content]);
}

/** What a sample has. */
export interface SampleMp4 {
  /** Bytes of its data. @default 1000 */
  readonly dataLength?: number;
  /** @default true */
  readonly isIndexFirst?: boolean;
  /** The type of its track. @default 'vide' */
  readonly handler?: string;
  /** Names in the table of codecs. @default 1 */
  readonly codecs?: number;
}

/** An MP4 whose boxes are complete; it cannot be decoded. */
export function sampleMp4({
  dataLength = 1000,
  isIndexFirst = true,
  handler = 'vide',
  codecs = 1,
}: SampleMp4 = {}): Buffer {
  const head = box('ftyp', Buffer.from('isom\0\0\x02\0isomavc1', 'latin1'));
  const data = box('mdat', pattern(dataLength));
  const index = movie(handler, codecs);
  return Buffer.concat(isIndexFirst ? [head, index, data] : [head, data, index]);
}

function movie(handler: string, codecs: number): Buffer {
  const table = Buffer.alloc(8);
  table.writeUInt32BE(codecs, 4);
  const samples = box('stbl', box('stsd', table, ...(codecs === 0 ? [] : [box('avc1', Buffer.alloc(78))])));
  const kind = box('hdlr', Buffer.alloc(8), Buffer.from(handler, 'latin1'), Buffer.alloc(13));
  const media = box('mdia', box('mdhd', Buffer.alloc(24)), kind, box('minf', samples));
  return box('moov', box('mvhd', Buffer.alloc(100)), box('trak', box('tkhd', Buffer.alloc(84)), media));
}

/** Bytes that differ from their neighbours, so that a wrong order shows. */
function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let index = 0; index < length; index += 1) bytes[index] = (index * 31 + (index >> 8)) & 0xff;
  return bytes;
}

/** A file of an archive. */
export interface ZipEntry {
  readonly name: string;
  readonly content: Blob;
}

/** The polynomial of CRC-32, bits reversed. */
const POLYNOMIAL = 0xedb88320;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
  return value;
});
/** The name is UTF-8. */
const UTF8_FLAG = 0x0800;
/** Version 2.0 of the format. */
const VERSION = 20;
/** 1980-01-01, the first date of the format. It has no time zone, so a real time would be wrong elsewhere. */
const DATE = 0x0021;

/** The most that the files of an archive may have together, in bytes: 4 GiB less the space for their names. */
export const MAX_CONTENT_BYTES = 4_290_000_000;

/**
 * A ZIP archive without compression, because videos are compressed already: at most 65,535 files and MAX_CONTENT_BYTES. The contents are read one
 * after the other for their checksums.
 */
export async function zip(entries: readonly ZipEntry[]): Promise<Blob> {
  const parts: BlobPart[] = [];
  const directory: BlobPart[] = [];
  let offset = 0;
  let directorySize = 0;
  for (const { name, content } of entries) {
    const nameBytes = new TextEncoder().encode(name);
    const crc = crc32(new Uint8Array(await content.arrayBuffer()));
    const common = [
      u16(VERSION),
      u16(UTF8_FLAG),
      u16(0),
      u16(0),
      u16(DATE),
      u32(crc),
      u32(content.size),
      u32(content.size),
      u16(nameBytes.length),
      u16(0),
    ];
    const local = joined([u32(0x04034b50), ...common, nameBytes]);
    const central = joined([
      u32(0x02014b50),
      u16(VERSION),
      ...common,
      u16(0),
      u16(0),
      u16(0),
      u32(0),
      u32(offset),
      nameBytes,
    ]);
    parts.push(local, content);
    directory.push(central);
    offset += local.length + content.size;
    directorySize += central.length;
  }
  const count = u16(entries.length);
  const end = joined([
    u32(0x06054b50),
    u16(0),
    u16(0),
    count,
    count,
    u32(directorySize),
    u32(offset),
    u16(0),
  ]);
  return new Blob([...parts, ...directory, end], { type: 'application/zip' });
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function u16(value: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(value & 0xff, value >>> 8);
}

function u32(value: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);
}

function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

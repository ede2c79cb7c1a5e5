/** Properties of an MP4, read from its boxes. */
export interface Mp4 {
  /** Types at the top level, in order. */
  readonly order: readonly string[];
  readonly width: number;
  readonly height: number;
  readonly seconds: number;
  readonly frames: number;
  readonly codec: string;
  /** The H.264 profile: 66 is baseline. */
  readonly profile: number;
  /** Whether each frame's bytes begin where the index says, as length-prefixed NAL units. */
  readonly framesFound: boolean;
}

export function readMp4(bytes: Buffer): Mp4 {
  const stbl = within(bytes, 'moov', 'trak', 'mdia', 'minf', 'stbl');
  const header = child(within(bytes, 'moov', 'trak', 'mdia'), 'mdhd');
  const description = child(stbl, 'stsd').subarray(8);
  const codec = description.toString('latin1', 4, 8);
  const sizes = child(stbl, 'stsz');
  const frames = sizes.readUInt32BE(8);
  const avcc = description.indexOf('avcC');
  return {
    order: boxes(bytes).map(({ type }) => type),
    width: description.readUInt16BE(32),
    height: description.readUInt16BE(34),
    seconds: header.readUInt32BE(16) / header.readUInt32BE(12),
    frames,
    codec,
    profile: description.readUInt8(avcc + 5),
    framesFound: framesAreThere(bytes, stbl, sizes, frames),
  };
}

function framesAreThere(bytes: Buffer, stbl: Buffer, sizes: Buffer, frames: number): boolean {
  const chunks = child(stbl, 'stco');
  const perSample = chunks.readUInt32BE(4) === frames;
  let at = chunks.readUInt32BE(8);
  for (let frame = 0; frame < frames; frame += 1) {
    if (perSample) at = chunks.readUInt32BE(8 + frame * 4);
    const end = at + sizes.readUInt32BE(12 + frame * 4);
    while (at < end) at += 4 + bytes.readUInt32BE(at);
    if (at !== end) return false;
  }
  return true;
}

interface Box {
  readonly type: string;
  readonly content: Buffer;
}

function boxes(bytes: Buffer): Box[] {
  const found: Box[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = bytes.readUInt32BE(at);
    if (size < 8) throw new Error('a box of no size');
    found.push({
      type: bytes.toString('latin1', at + 4, at + 8),
      content: bytes.subarray(at + 8, at + size),
    });
    at += size;
  }
  return found;
}

function child(bytes: Buffer, type: string): Buffer {
  const box = boxes(bytes).find((candidate) => candidate.type === type);
  if (box === undefined) throw new Error(`no ${type}`);
  return box.content;
}

function within(bytes: Buffer, ...path: readonly string[]): Buffer {
  return path.reduce(child, bytes);
}

/**
 * The same film with its index (`moov`) before its data, so that a player can begin before it has the whole file.
 *
 * @throws RangeError when the bytes are no MP4
 */
export function moveIndexFirst(file: Uint8Array): Uint8Array<ArrayBuffer> {
  const boxes = boxesOf(file);
  const kept = boxes.filter((box) => box.type !== 'free');
  const moov = kept.find((box) => box.type === 'moov');
  const data = kept.find((box) => box.type === 'mdat');
  const head = kept.filter((box) => box.type === 'ftyp');
  if (moov === undefined || data === undefined) throw new RangeError('an MP4 without moov or mdat');
  const order = [...head, moov, data];
  const result = new Uint8Array(order.reduce((total, box) => total + box.size, 0));
  let at = 0;
  let moovAt = 0;
  let moved = 0;
  for (const box of order) {
    result.set(file.subarray(box.start, box.start + box.size), at);
    if (box === moov) moovAt = at;
    if (box === data) moved = at - data.start;
    at += box.size;
  }
  shiftOffsets(result, moovAt, moovAt + moov.size, moved);
  return result;
}

/** Moves the chunk offsets that are listed in the index, which lies between `from` and `to`. */
function shiftOffsets(file: Uint8Array<ArrayBuffer>, from: number, to: number, by: number): void {
  const view = new DataView(file.buffer);
  for (const box of innerBoxesOf(file, from, to)) {
    if (box.type !== 'stco') continue;
    const count = view.getUint32(box.start + 12);
    for (let index = 0; index < count; index += 1) {
      const at = box.start + 16 + index * 4;
      view.setUint32(at, view.getUint32(at) + by);
    }
  }
}

/** The headers of the film, a track and its medium: each begins with when it was made and when it was changed. */
const DATED = new Set(['mvhd', 'tkhd', 'mdhd']);

/**
 * Sets the dates in an MP4 to 0, in place: the encoder writes the clock's, and a film is to depend on its input only.
 *
 * @throws RangeError when the bytes are no MP4
 */
export function clearDates(file: Uint8Array): void {
  for (const { type, start, size } of innerBoxesOf(file)) {
    if (!DATED.has(type)) continue;
    // After the box's header, its version and its flags; two dates of 64 bits in version 1, else of 32.
    const content = file.subarray(start + 8, start + size);
    content.subarray(4, content[0] === 1 ? 20 : 12).fill(0);
  }
}

/** One part of an MP4 file. Bytes; `size` counts its header, which is 8 long. */
interface Box {
  /** Four letters. */
  readonly type: string;
  readonly start: number;
  readonly size: number;
}

/** Boxes that hold the tables and headers of a film, from the outside in. */
const CONTAINERS = new Set(['moov', 'trak', 'mdia', 'minf', 'stbl']);

/**
 * The boxes that lie side by side between two places of a file, in order.
 *
 * @throws RangeError when a box does not fit there
 */
function boxesOf(file: Uint8Array, from = 0, to = file.byteLength): Box[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const boxes: Box[] = [];
  for (let start = from; start + 8 <= to;) {
    const size = view.getUint32(start);
    if (size < 8 || start + size > to) throw new RangeError(`an MP4 box of ${size} bytes`);
    const type = String.fromCodePoint(...file.subarray(start + 4, start + 8));
    boxes.push({ type, start, size });
    start += size;
  }
  return boxes;
}

/**
 * The same, with what is within the film's index in place of the boxes that only hold others.
 *
 * @throws RangeError when a box does not fit where it is
 */
function innerBoxesOf(file: Uint8Array, from = 0, to = file.byteLength): Box[] {
  return boxesOf(file, from, to).flatMap((box) =>
    CONTAINERS.has(box.type) ? innerBoxesOf(file, box.start + 8, box.start + box.size) : [box],
  );
}

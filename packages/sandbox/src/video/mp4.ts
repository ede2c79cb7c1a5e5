/**
 * Moves the index (`moov`) before the data, so that a player can start before it has the whole file.
 *
 * @throws RangeError when the bytes are not an MP4
 */
export function moveIndexFirst(file: Uint8Array): Uint8Array<ArrayBuffer> {
  const boxes = boxesOf(file);
  const kept = boxes.filter((box) => box.type !== 'free');
  const moov = kept.find((box) => box.type === 'moov');
  const data = kept.find((box) => box.type === 'mdat');
  const head = kept.filter((box) => box.type === 'ftyp');
  if (moov === undefined || data === undefined) throw new RangeError('The MP4 has no moov or no mdat box.');
  const order = [...head, moov, data];
  const result = new Uint8Array(order.reduce((total, box) => total + box.size, 0));
  let at = 0;
  let moovAt = 0;
  let shift = 0;
  for (const box of order) {
    result.set(file.subarray(box.start, box.start + box.size), at);
    if (box === moov) moovAt = at;
    if (box === data) shift = at - data.start;
    at += box.size;
  }
  shiftOffsets(result, moovAt, moovAt + moov.size, shift);
  return result;
}

/** Adds `by` to the chunk offsets in the index, which is between `from` and `to`. */
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

/** The headers of the movie, a track and its media: each starts with a creation and a modification time. */
const DATED = new Set(['mvhd', 'tkhd', 'mdhd']);

/**
 * Sets the times in an MP4 to 0, in place: the encoder writes the current time, but equal inputs must give equal bytes.
 *
 * @throws RangeError when the bytes are not an MP4
 */
export function clearDates(file: Uint8Array): void {
  for (const { type, start, size } of innerBoxesOf(file)) {
    if (!DATED.has(type)) continue;
    // The content starts with version and flags (4 bytes). The two times have 64 bits in version 1, else 32.
    const content = file.subarray(start + 8, start + size);
    content.subarray(4, content[0] === 1 ? 20 : 12).fill(0);
  }
}

/** A box of an MP4 file. `start` and `size` are bytes; `size` includes the header of 8 bytes. */
interface Box {
  /** Four letters. */
  readonly type: string;
  readonly start: number;
  readonly size: number;
}

/** Boxes that contain other boxes. */
const CONTAINERS = new Set(['moov', 'trak', 'mdia', 'minf', 'stbl']);

/**
 * The boxes between two positions of a file, in order, without those inside other boxes.
 *
 * @throws RangeError when a box exceeds the range
 */
function boxesOf(file: Uint8Array, from = 0, to = file.byteLength): Box[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const boxes: Box[] = [];
  for (let start = from; start + 8 <= to;) {
    const size = view.getUint32(start);
    if (size < 8 || start + size > to)
      throw new RangeError(`The MP4 box at ${start} has an invalid size of ${size} bytes.`);
    const type = String.fromCodePoint(...file.subarray(start + 4, start + 8));
    boxes.push({ type, start, size });
    start += size;
  }
  return boxes;
}

/**
 * Like {@link boxesOf}, with the content of container boxes instead of the containers.
 *
 * @throws RangeError when a box exceeds the range
 */
function innerBoxesOf(file: Uint8Array, from = 0, to = file.byteLength): Box[] {
  return boxesOf(file, from, to).flatMap((box) =>
    CONTAINERS.has(box.type) ? innerBoxesOf(file, box.start + 8, box.start + box.size) : [box],
  );
}

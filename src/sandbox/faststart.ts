/** One top-level part of an MP4 file. */
interface Box {
  readonly type: string;
  readonly start: number;
  readonly size: number;
}

/** Boxes that hold the chunk offsets' table, from the outside in. */
const CONTAINERS = new Set(['moov', 'trak', 'mdia', 'minf', 'stbl']);

/**
 * The same film with its index (`moov`) before its data, so that a player can begin before it has the whole file.
 *
 * @throws RangeError when the bytes are no MP4
 */
export function moovFirst(file: Uint8Array): Uint8Array<ArrayBuffer> {
  const boxes = boxesOf(file, 0, file.byteLength);
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

function boxesOf(file: Uint8Array, from: number, to: number): Box[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const boxes: Box[] = [];
  for (let start = from; start + 8 <= to;) {
    const size = view.getUint32(start);
    if (size < 8 || start + size > to) throw new RangeError(`an MP4 box of ${String(size)} bytes`);
    const type = String.fromCodePoint(...file.subarray(start + 4, start + 8));
    boxes.push({ type, start, size });
    start += size;
  }
  return boxes;
}

function shiftOffsets(file: Uint8Array<ArrayBuffer>, from: number, to: number, by: number): void {
  const view = new DataView(file.buffer);
  for (const box of boxesOf(file, from, to)) {
    if (CONTAINERS.has(box.type)) shiftOffsets(file, box.start + 8, box.start + box.size, by);
    if (box.type !== 'stco') continue;
    const count = view.getUint32(box.start + 12);
    for (let index = 0; index < count; index += 1) {
      const at = box.start + 16 + index * 4;
      view.setUint32(at, view.getUint32(at) + by);
    }
  }
}

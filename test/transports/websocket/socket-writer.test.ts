import { constants } from 'node:buffer';
import { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { writerTo } from './open-socket-writer.ts';

/** Records the lengths of the written chunks. */
class Counting extends Duplex {
  readonly pieces: number[] = [];

  constructor() {
    super({ decodeStrings: false });
  }

  override _write(chunk: string, _encoding: BufferEncoding, done: () => void): void {
    this.pieces.push(chunk.length);
    setImmediate(done);
  }

  override _read(): void {}
}

describe('the messages of one socket in one turn of the event loop', () => {
  test('are written in one piece while they are small', async () => {
    const stream = new Counting();
    using opened = await writerTo(stream);
    for (let count = 0; count < 10; count += 1) opened.writer.write('x'.repeat(100));
    expect(opened.writer.isBehind()).toBe(false);
    expect(stream.pieces).toEqual([]);
    await new Promise(setImmediate);
    expect(stream.pieces).toEqual([1020]);
  });

  test('may be longer than the longest string', async () => {
    const stream = new Counting();
    using opened = await writerTo(stream);
    const message = 'x'.repeat(constants.MAX_STRING_LENGTH / 4);
    for (let count = 0; count < 6; count += 1) opened.writer.write(message);
    await new Promise<void>((resolve) => {
      expect(opened.writer.isBehind()).toBe(true);
      opened.writer.onReady(resolve);
    });
    await new Promise<void>((resolve) => {
      stream.end(resolve);
    });
    expect(stream.pieces).toEqual(Array.from({ length: 6 }, () => message.length + 10));
  });
});

import sharp from 'sharp';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { EncodePool } from '../../../packages/sandbox/src/video/encode-pool.ts';
import { cameraPath, encodeVideo } from '../../../packages/sandbox/src/video/encode-video.ts';
import { clearDates, moveIndexFirst } from '../../../packages/sandbox/src/video/mp4.ts';
import { drawFrame } from '../../../packages/sandbox/src/video/planes.ts';
import { frameSize, placeholderRaster, rasterFromImage } from '../../../packages/sandbox/src/video/raster.ts';
import { byteRange } from '../../../packages/sandbox/src/video/video-file.ts';
import { accepted, ended, picture, pictureUrl, resultOf, sandbox, textOf } from '../support.ts';
import { readMp4 } from './mp4.ts';

// The encoder, which otherwise runs in threads of its own, adds listeners that end the process at any unhandled rejection.
const FAULTS = ['uncaughtException', 'unhandledRejection'] as const;
const before = vi.hoisted(() => [
  ...process.listeners('uncaughtException'),
  ...process.listeners('unhandledRejection'),
]);
afterAll(() => {
  for (const event of FAULTS)
    for (const listener of process.listeners(event))
      if (!before.includes(listener)) process.off(event, listener);
});

afterEach(() => {
  vi.useRealTimers();
});

describe('the video', () => {
  it.each([
    [{ resolution: 360, video_length: 1 }, [120, 80], [352, 240]],
    [{ resolution: 480, video_length: 3 }, [90, 160], [272, 480]],
    [{ resolution: 576, video_length: 2 }, [100, 100], [576, 576]],
  ] as const)('for %j and an image of %j has the size %j', async (fields, [from, to], [width, height]) => {
    const { url } = await sandbox({ speed: 100 });
    const id = await accepted(url, { ...fields, image: await pictureUrl(from, to) });
    await ended(url, id);
    const response = await fetch(textOf((await resultOf(url, id)).body, 'output'));
    const seconds = fields.video_length;
    expect(readMp4(Buffer.from(await response.arrayBuffer()))).toEqual({
      order: ['ftyp', 'moov', 'mdat'],
      width,
      height,
      seconds: seconds + 1 / 16,
      frames: seconds * 16 + 1,
      codec: 'avc1',
      profile: 66,
      framesFound: true,
    });
  });

  it('shows the given image, and moves', async () => {
    const raster = await rasterFromImage(await picture(320, 320), 360);
    const still = firstAndLast(raster.picture, raster.size);
    // Red on the left, blue on the right.
    expect(still.v.left).toBeGreaterThan(170);
    expect(still.u.right).toBeGreaterThan(170);
    expect(still.moved).toBe(true);
  });

  it('depends on the seed and nothing else', async () => {
    const raster = await rasterFromImage(await picture(320, 320), 360);
    const [one, same, other] = await Promise.all([
      encodeVideo(raster, 1, 1),
      encodeVideo(raster, 1, 1),
      encodeVideo(raster, 1, 2),
    ]);
    expect(Buffer.compare(one, same)).toBe(0);
    expect(Buffer.compare(one, other)).not.toBe(0);
  });

  it('does not depend on the time', async () => {
    const raster = await rasterFromImage(await picture(320, 320), 360);
    const filmAt = (date: string) => {
      vi.useFakeTimers({ toFake: ['Date'], now: new Date(date) });
      return encodeVideo(raster, 1, 1);
    };
    const one = await filmAt('2026-01-01T00:00:00Z');
    const other = await filmAt('2027-06-05T04:03:02Z');
    expect(Buffer.compare(one, other)).toBe(0);
  });

  it('respects the orientation of a photograph', async () => {
    const turned = await sharp(await picture(160, 80))
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const raster = await rasterFromImage(turned, 480);
    expect(raster.size).toEqual({ width: 240, height: 480 });
    // The left side of the stored image is at the top.
    const { v } = firstAndLast(raster.picture, raster.size);
    expect(v.left).toBeGreaterThan(170);
    expect(v.bottom).toBeLessThan(128);
  });

  it.each([
    ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
    ['text', Buffer.from('<!doctype html><p>Not found')],
    ['nothing', Buffer.alloc(0)],
  ])('rejects %s as an image', async (_what, bytes) => {
    await expect(rasterFromImage(bytes, 360)).rejects.toThrow(/./);
  });

  it('rejects an image with too many pixels', async () => {
    const huge = await sharp({ create: { width: 8_000, height: 6_000, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    await expect(rasterFromImage(huge, 360)).rejects.toThrow('pixel limit');
  });

  it.each(['</text><script>', '\u0000\uD800 &amp; ]]>', '', '漢字 🦊 '.repeat(50)])(
    'can draw the prompt %j',
    async (prompt) => {
      expect((await placeholderRaster(prompt, 480)).size).toEqual({ width: 480, height: 272 });
    },
  );
});

describe('frameSize', () => {
  it.each([
    [1920, 1080, 480, { width: 480, height: 272 }],
    [1080, 1920, 576, { width: 320, height: 576 }],
    [1000, 1000, 360, { width: 352, height: 352 }],
    [10_000, 10, 480, { width: 480, height: 96 }],
  ])('of %i × %i at %i', (width, height, resolution, size) => {
    expect(frameSize(width, height, resolution)).toEqual(size);
  });
});

describe('cameraPath', () => {
  it('stays inside the image and never jumps', () => {
    for (const seed of [0, 1, -5, 42_424_242, Number.MAX_SAFE_INTEGER]) {
      const camera = cameraPath(seed);
      const views = Array.from({ length: 82 }, (_, frame) => camera(frame / 81));
      const jumps = views.slice(1).map((view, index) => Math.abs(view.x - (views[index]?.x ?? 0)));
      expect(Math.min(...views.flatMap(({ x, y }) => [x, y]))).toBeGreaterThanOrEqual(0);
      expect(Math.max(...views.flatMap(({ x, y, scale }) => [x + scale, y + scale]))).toBeLessThanOrEqual(1);
      expect(Math.max(...jumps)).toBeLessThan(0.01);
    }
  });
});

describe('moveIndexFirst', () => {
  it.each([['ftyp'], ['']])('does not take %j for an MP4', (type) => {
    const bytes = Buffer.from(`\0\0\0\u0008${type}`);
    expect(() => moveIndexFirst(bytes)).toThrow(RangeError);
  });
});

describe('clearDates', () => {
  const rest = Buffer.alloc(9, 0xff);
  const movie = (version: number, dates: Buffer) => {
    const header = Buffer.concat([Buffer.from([version, 0, 0, 3]), dates, rest]);
    // `hdlr` bears no dates.
    const media = box('mdia', box('mdhd', header), box('hdlr', Buffer.alloc(40, 0xff)));
    return box('moov', box('mvhd', header), box('trak', box('tkhd', header), media));
  };

  it.each([
    [0, 8],
    [1, 16],
  ])('of version %i clears %i bytes in each header, and nothing else', (version, length) => {
    const bytes = movie(version, Buffer.alloc(length, 0xff));
    clearDates(bytes);
    expect(bytes).toEqual(movie(version, Buffer.alloc(length)));
  });

  it('does not write beyond a truncated header', () => {
    const bytes = box('moov', box('mvhd', Buffer.from([1, 0, 0, 0, 7, 7])), box('udta', rest));
    clearDates(bytes);
    expect(bytes).toEqual(box('moov', box('mvhd', Buffer.from([1, 0, 0, 0, 0, 0])), box('udta', rest)));
  });
});

describe('the encode pool', () => {
  it('survives a task that fails', async () => {
    await using pool = new EncodePool();
    const task = { kind: 'video', image: null, prompt: 'x', resolution: 360, seconds: 1, seed: 1 } as const;
    await expect(pool.run({ ...task, resolution: 1e9 })).rejects.toThrow(/./);
    expect((await pool.run(task)).bytes.length).toBeGreaterThan(1_000);
  });

  it('rejects its tasks when it is closed', async () => {
    const pool = new EncodePool();
    const task = { kind: 'video', image: null, prompt: 'x', resolution: 576, seconds: 5, seed: 1 } as const;
    const quick = pool.run({ ...task, resolution: 360, seconds: 1 });
    const results = Promise.allSettled([1, 2, 3].map((seed) => pool.run({ ...task, seed })));
    await quick;
    await pool[Symbol.asyncDispose]();
    await expect(pool.run(task)).rejects.toThrow('closed');
    expect((await results).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  });
});

describe('the video file', () => {
  it('is served whole and in parts', async () => {
    const { url } = await sandbox({ speed: 100 });
    const id = await accepted(url);
    await ended(url, id);
    const video = textOf((await resultOf(url, id)).body, 'output');
    const whole = await fetch(video);
    const bytes = Buffer.from(await whole.arrayBuffer());
    const size = bytes.length;
    const etag = whole.headers.get('etag') ?? '';
    expect(Object.fromEntries(whole.headers)).toMatchObject({
      'content-type': 'video/mp4',
      'content-length': String(size),
      'accept-ranges': 'bytes',
      'access-control-allow-origin': '*',
    });

    const head = await fetch(video, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([
      200,
      String(size),
      '',
    ]);

    const part = async (range: string, extra: Record<string, string> = {}) => {
      const response = await fetch(video, { headers: { range, ...extra } });
      const content = Buffer.from(await response.arrayBuffer());
      return { status: response.status, range: response.headers.get('content-range'), content };
    };
    expect(await part('bytes=4-7')).toEqual({
      status: 206,
      range: `bytes 4-7/${size}`,
      content: Buffer.from('ftyp'),
    });
    expect(await part('bytes=-10')).toMatchObject({ status: 206, content: bytes.subarray(-10) });
    expect(await part(`bytes=${size - 1}-`)).toMatchObject({
      status: 206,
      content: bytes.subarray(-1),
    });
    expect(await part(`bytes=${size}-`)).toMatchObject({
      status: 416,
      range: `bytes */${size}`,
    });
    expect((await part('bytes=4-7', { 'if-range': etag })).status).toBe(206);
    expect((await part('bytes=4-7', { 'if-range': '"other"' })).status).toBe(200);
    expect((await fetch(video, { method: 'OPTIONS' })).status).toBe(204);
    expect((await fetch(video, { method: 'POST' })).status).toBe(405);
  });

  it.each([`/videos/${'0'.repeat(32)}.mp4`, '/videos/..%2fport', '/videos/../port', '/videos/'])(
    'is not %s',
    async (path) => {
      const { url } = await sandbox();
      expect((await fetch(url + path)).status).toBe(404);
    },
  );
});

describe('byteRange', () => {
  it.each([
    [undefined, 'all'],
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=90-200', { start: 90, end: 99 }],
    ['bytes=-200', { start: 0, end: 99 }],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=100-', 'unsatisfiable'],
    ['bytes=9-8', 'all'],
    ['bytes=-', 'all'],
    ['bytes=1-2,4-5', 'all'],
    ['lines=1-2', 'all'],
  ])('reads %j', (header, range) => {
    expect(byteRange(header, 100)).toEqual(range);
  });
});

/** An MP4 box around `contents`. */
function box(type: string, ...contents: Buffer[]): Buffer {
  const head = Buffer.from(`\0\0\0\0${type}`, 'latin1');
  const whole = Buffer.concat([head, ...contents]);
  whole.writeUInt32BE(whole.length);
  return whole;
}

type Raster = Awaited<ReturnType<typeof rasterFromImage>>;

/** Colours at the edges of the first frame, and whether the last frame differs. */
function firstAndLast(image: Raster['picture'], size: Raster['size']) {
  const frames = [0, 1].map((progress) => {
    const frame = new Uint8Array(size.width * size.height * 1.5);
    drawFrame(image, cameraPath(1)(progress), size, frame);
    return frame;
  });
  const [first = new Uint8Array(), last = new Uint8Array()] = frames;
  const luma = size.width * size.height;
  const row = size.width / 2;
  const edges = (start: number) => ({
    left: first[start] ?? 0,
    right: first[start + row - 1] ?? 0,
    bottom: first[start + luma / 4 - row] ?? 0,
  });
  return { u: edges(luma), v: edges(luma * 1.25), moved: Buffer.compare(first, last) !== 0 };
}

import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { JPEG, MIB, pngOf, WEBP } from '../../support/gateway/upload.ts';
import { freePort } from '../../support/network/ports.ts';
import {
  accepted,
  type Answer,
  call,
  ended,
  FakeClock,
  picture,
  resultOf,
  sandbox,
  temporaryFolder,
  textOf,
} from '../support.ts';

const PATH = '/upload-asset';
const DAY = 24 * 3_600_000;

function dataUrl(bytes: Uint8Array, type = 'image/png'): string {
  return `data:${type};base64,${Buffer.from(bytes).toString('base64')}`;
}

function upload(url: string, ...dataUrls: unknown[]): Promise<Answer> {
  return post(url, JSON.stringify({ data_urls: dataUrls }));
}

function post(url: string, body: string, type = 'application/json'): Promise<Answer> {
  return call(url + PATH, { method: 'POST', body, headers: { 'content-type': type } });
}

async function uploaded(url: string, bytes: Uint8Array): Promise<string> {
  return urlsOf(await upload(url, dataUrl(bytes)))[0] ?? '';
}

function urlsOf({ body }: Answer): string[] {
  const urls = body?.['file_urls'];
  return Array.isArray(urls) ? urls.map(String) : [];
}

const statusAt = async (url: string) => (await fetch(url)).status;

describe('an upload', () => {
  it.each([
    ['png', 'image/png', picture()],
    ['jpg', 'image/jpeg', JPEG],
    ['webp', 'image/webp', WEBP],
    ['png', 'image/png', pngOf(10 * MIB)],
  ])('becomes a public URL: %s', async (extension, type, image) => {
    const bytes = await image;
    const { url } = await sandbox();
    const answer = await upload(url, dataUrl(bytes));
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ file_urls: [expect.any(String)] });
    const at = urlsOf(answer)[0] ?? '';
    expect(at).toMatch(new RegExp(`^${url}/uploads/[0-9a-f]{32}\\.${extension}$`));
    const file = await fetch(at);
    expect([file.status, Buffer.compare(await file.bytes(), bytes)]).toEqual([200, 0]);
    expect(Object.fromEntries(file.headers)).toMatchObject({
      'content-type': type,
      'content-length': String(bytes.length),
      'x-content-type-options': 'nosniff',
      'access-control-allow-origin': '*',
    });
    const head = await fetch(at, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(bytes.length)]);
    const preflight = await fetch(at, { method: 'OPTIONS' });
    expect([preflight.status, preflight.headers.get('access-control-allow-methods')]).toEqual([
      204,
      'GET, HEAD',
    ]);
  });

  it('has the type of its bytes, not of its label', async () => {
    const { url } = await sandbox();
    expect(urlsOf(await upload(url, dataUrl(JPEG, 'image/png')))[0]).toMatch(/\.jpg$/);
  });

  it('has a URL below the public URL, and can be used although that URL leads nowhere', async () => {
    const told: string[] = [];
    const port = await freePort();
    const publicUrl = 'http://sandbox.test:4010';
    await sandbox({
      port,
      publicUrl,
      privateImages: false,
      speed: 100,
      log: ({ message }) => told.push(message),
    });
    const url = `http://127.0.0.1:${port}`;
    const image = await uploaded(url, await picture());
    expect(image).toMatch(`${publicUrl}/uploads/`);
    await ended(url, await accepted(url, { image }));
    expect(told.filter((message) => message.includes('using a placeholder'))).toEqual([]);
  });

  it('can contain several images, and keeps their order', async () => {
    const { url } = await sandbox();
    const urls = urlsOf(await upload(url, dataUrl(JPEG), dataUrl(WEBP)));
    expect(urls.map((each) => each.split('.').at(-1))).toEqual(['jpg', 'webp']);
  });

  it('can be the image of a job', async () => {
    const told: string[] = [];
    const { url } = await sandbox({ speed: 100, log: ({ message }) => told.push(message) });
    const id = await accepted(url, { image: await uploaded(url, await picture()) });
    expect((await ended(url, id)).body?.['status']).toBe('COMPLETED');
    expect(await statusAt(textOf((await resultOf(url, id)).body, 'output'))).toBe(200);
    expect(told.filter((message) => message.includes('using a placeholder'))).toEqual([]);
  });
});

describe('an upload is rejected', () => {
  it.each([
    ['text', '<svg/>'],
    ['nothing', ''],
    ['GIF', 'GIF89a.........'],
  ])('with %s, and no other image of it is kept', async (_, text) => {
    const folder = await temporaryFolder();
    const { url } = await sandbox({ folder });
    const answer = await upload(url, dataUrl(JPEG), dataUrl(new TextEncoder().encode(text)));
    expect([answer.status, answer.body]).toEqual([400, { error: expect.any(String) }]);
    expect(await readdir(join(folder, 'uploads'))).toEqual([]);
  });

  it('with any other body', async () => {
    const { url } = await sandbox();
    const answers = await Promise.all([
      upload(url),
      upload(url, 7),
      upload(url, 'https://example.com/a.png'),
      upload(url, 'data:image/png,abc'),
      upload(url, 'data:image/png;base64,%%%%'),
      upload(url, dataUrl(pngOf(10 * MIB + 1))),
      post(url, '{"data_urls":"data:"}'),
      post(url, '{}'),
      post(url, 'null'),
      post(url, '{'),
      post(url, '{}', 'text/plain'),
      upload(url, 'x'.repeat(15 * MIB)),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([
      400, 400, 400, 400, 400, 400, 400, 400, 400, 400, 406, 413,
    ]);
    for (const { body } of answers) expect(body).toEqual({ error: expect.any(String) });
  });
});

describe('an uploaded image', () => {
  it.each([
    `/uploads/${'a'.repeat(32)}.png`,
    '/uploads/../port',
    '/uploads/%2e%2e%2fport',
    `/uploads/${'a'.repeat(32)}.svg`,
    '/uploads/',
  ])('is not %s', async (path) => {
    const { url } = await sandbox();
    expect(await statusAt(url + path)).toBe(404);
  });

  it('survives restarts and is deleted after seven days', async () => {
    const folder = await temporaryFolder();
    const clock = new FakeClock();
    const first = await sandbox({ folder, clock: clock.read });
    const at = await uploaded(first.url, JPEG);
    await first[Symbol.asyncDispose]();
    await writeFile(join(folder, 'uploads', `${'b'.repeat(32)}.png.1.tmp`), 'half');

    const second = await sandbox({ folder, clock: clock.read });
    const { pathname } = new URL(at);
    clock.advance(7 * DAY - 1);
    expect(await statusAt(second.url + pathname)).toBe(200);
    expect(await readdir(join(folder, 'uploads'))).toEqual([pathname.split('/').at(-1)]);
    clock.advance(1);
    expect(await statusAt(second.url + pathname)).toBe(404);
    await second[Symbol.asyncDispose]();

    await sandbox({ folder, clock: clock.read });
    expect(await readdir(join(folder, 'uploads'))).toEqual([]);
  });

  it.each([
    ['by number', { count: 2, bytes: MIB }],
    ['by size', { count: 100, bytes: 2 * JPEG.length }],
  ])('is deleted early when there are too many %s, the oldest first', async (_, uploadLimits) => {
    const folder = await temporaryFolder();
    const clock = new FakeClock();
    const { url } = await sandbox({ folder, clock: clock.read, uploadLimits });
    const urls: string[] = [];
    for (let saved = 0; saved < 3; saved += 1) {
      urls.push(await uploaded(url, JPEG));
      clock.advance(1000);
    }
    expect(await Promise.all(urls.map(statusAt))).toEqual([404, 200, 200]);
    expect(await readdir(join(folder, 'uploads'))).toHaveLength(2);
  });

  it('has the modification time of its upload', async () => {
    const folder = await temporaryFolder();
    const clock = new FakeClock();
    const { url } = await sandbox({ folder, clock: clock.read });
    const name = new URL(await uploaded(url, JPEG)).pathname;
    expect((await stat(folder + name)).mtimeMs).toBe(clock.now);
  });
});

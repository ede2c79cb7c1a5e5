import { readdirSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { download, type DownloadDependencies } from '../../src/archive/download/download.ts';
import { TempFile } from '../../src/archive/download/temp-file.ts';
import { FileClient } from '../../src/providers/files/file-client.ts';
import { tempFolder, type TempFolder } from '../support/temp-folder.ts';
import { file, type FileHandler, FileServer, silent, status } from './file-server.ts';
import { sampleMp4 } from './sample-mp4.ts';

const VIDEO = sampleMp4({ dataLength: 300_000 });
const MAX_BYTES = 1_000_000;
const SOME_RANGE = expect.stringMatching(/^bytes=[1-9]\d*-$/);

let server: FileServer;
let client: FileClient;
let folder: TempFolder;
let target: TempFile;

beforeEach(async () => {
  server = await FileServer.start();
  client = new FileClient({ trustedOrigins: [server.origin], proxy: null, idleTimeoutMs: 30_000 });
  folder = tempFolder();
  target = await TempFile.create(folder.path);
});

afterEach(async () => {
  await target[Symbol.asyncDispose]();
  await client[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** Pauses take no time. */
const clock = { now: () => performance.now(), sleep: async () => {} };

const start = (url: string, change: Partial<DownloadDependencies> = {}) =>
  download(url, target, {
    files: client,
    clock,
    random: () => 0,
    signal: new AbortController().signal,
    maxBytes: MAX_BYTES,
    ...change,
  });

const content = () => buffer(target.stream());
const ranges = () => server.requests.map(({ headers }) => headers.range ?? null);

it('downloads a file to a place without a name', async () => {
  await start(server.on('/a', file(VIDEO)));
  expect(await content()).toEqual(VIDEO);
  expect(await target.read(4, 4)).toEqual(Buffer.from('ftyp'));
  expect(readdirSync(folder.path)).toEqual([]);
  expect(server.connections).toBe(1);
});

it('a file of unknown length ends with its body', async () => {
  await start(server.on('/a', file(VIDEO, { hasLength: false })));
  expect(await content()).toEqual(VIDEO);
});

describe('a broken transfer', () => {
  it('is continued where it ended', async () => {
    const broken = file(VIDEO, { breakAfter: 100_000 });
    await start(server.on('/a', broken, broken, file(VIDEO)));
    expect(await content()).toEqual(VIDEO);
    // The client drops what it has not read when the connection ends.
    expect(ranges()).toEqual([null, SOME_RANGE, SOME_RANGE]);
    expect(server.requests.map(({ headers }) => headers['if-range'])).toEqual([undefined, '"1"', '"1"']);
  });

  it('is continued when the server sends less than the rest', async () => {
    const small: FileHandler = ({ headers }, response) => {
      const first = Number(/\d+/.exec(headers.range ?? '')?.[0]);
      const part = VIDEO.subarray(first, first + 50_000);
      const last = first + part.length - 1;
      response.writeHead(206, { etag: '"1"', 'content-range': `bytes ${first}-${last}/${VIDEO.length}` });
      response.end(part);
    };
    await start(server.on('/a', file(VIDEO, { breakAfter: 100_000 }), small, file(VIDEO)));
    expect(await content()).toEqual(VIDEO);
    expect(ranges()).toEqual([null, SOME_RANGE, SOME_RANGE]);
  });

  it('starts again when the file has changed meanwhile', async () => {
    const newer = sampleMp4({ dataLength: 200_000 });
    await start(server.on('/a', file(VIDEO, { breakAfter: 250_000 }), file(newer, { etag: '"2"' })));
    expect(await content()).toEqual(newer);
    expect(ranges()).toEqual([null, SOME_RANGE]);
  });

  it('starts again at a server that names no version', async () => {
    await start(
      server.on('/a', file(VIDEO, { breakAfter: 100_000, etag: null }), file(VIDEO, { etag: null })),
    );
    expect(await content()).toEqual(VIDEO);
    expect(ranges()).toEqual([null, null]);
  });

  it('starts again at a server without ranges', async () => {
    await start(server.on('/a', file(VIDEO, { breakAfter: 100_000 }), file(VIDEO, { hasRanges: false })));
    expect(await content()).toEqual(VIDEO);
    expect(ranges()).toEqual([null, SOME_RANGE]);
  });

  it.each([
    ['416', status(416)],
    ['another part', status(206, { 'content-range': 'bytes 0-3/4' }, 'part')],
  ])('starts again when the rest is answered by %s', async (_what, answer) => {
    await start(server.on('/a', file(VIDEO, { breakAfter: 100_000 }), answer, file(VIDEO)));
    expect(await content()).toEqual(VIDEO);
    expect(ranges()).toEqual([null, SOME_RANGE, null]);
  });

  it('fails at once when nothing has arrived, else after five continuations', async () => {
    const failed = start(server.on('/a', file(VIDEO, { breakAfter: 0 })));
    await expect(failed).rejects.toMatchObject({ name: 'FileFaultError', kind: 'host' });
    expect(server.requests).toHaveLength(1);
    const nothing = file(VIDEO, { breakAfter: 0 });
    const again = start(server.on('/b', file(VIDEO, { breakAfter: 100_000 }), nothing));
    await expect(again).rejects.toThrow(/^the transfer failed: /);
    expect(server.requests).toHaveLength(7);
  });
});

describe('a file is not accepted', () => {
  it.each([
    [404, 'lasting'],
    [410, 'lasting'],
    [403, 'lasting'],
    [204, 'temporary'],
    [429, 'temporary'],
    [500, 'host'],
    [503, 'host'],
  ])('with status %d', async (code, kind) => {
    const failed = start(server.on('/a', status(code)));
    await expect(failed).rejects.toMatchObject({ message: `the host answered ${code}`, kind });
  });

  it('from a host that does not answer or stops in the middle', async () => {
    const [unanswered, half] = [server.on('/a', silent), server.on('/b', file(VIDEO, { breakAfter: 0 }))];
    await using files = new FileClient({ trustedOrigins: [server.origin], proxy: null, idleTimeoutMs: 200 });
    await expect(start(unanswered, { files })).rejects.toMatchObject({ kind: 'host' });
    await expect(start(half, { files })).rejects.toMatchObject({ kind: 'host' });
  });

  it('at an address that is not public', async () => {
    const failed = start(server.on('/a', status(302, { location: 'http://169.254.169.254/a' })));
    const message = '169.254.169.254 is not a public host';
    await expect(failed).rejects.toMatchObject({ name: 'FileFaultError', message, kind: 'lasting' });
  });

  it('when it is too large, announced or not', async () => {
    const large = Buffer.alloc(MAX_BYTES + 1);
    const tooLarge = { message: `it has more than ${MAX_BYTES} bytes`, kind: 'lasting' };
    await expect(start(server.on('/a', file(large)))).rejects.toMatchObject(tooLarge);
    expect(target.byteLength).toBe(0);
    await expect(start(server.on('/b', file(large, { hasLength: false })))).rejects.toMatchObject(tooLarge);
    expect(target.byteLength).toBeLessThanOrEqual(MAX_BYTES);
  });

  it('from a host that sends too slowly', async () => {
    let now = 0;
    const slow = { ...clock, now: () => (now += 10_000) };
    const failed = start(server.on('/a', file(VIDEO)), { clock: slow });
    await expect(failed).rejects.toMatchObject({ message: 'the host sends too slowly', kind: 'host' });
  });

  it('when it is encoded', async () => {
    const failed = start(server.on('/a', status(200, { 'content-encoding': 'gzip' }, 'x')));
    await expect(failed).rejects.toMatchObject({ kind: 'lasting' });
  });
});

it('ends at once when it is aborted', async () => {
  const aborting = new AbortController();
  const drip = server.on('/a', (_request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('some', () => aborting.abort(new Error('enough')));
  });
  await expect(start(drip, { signal: aborting.signal })).rejects.toThrow('enough');
  expect(server.requests).toHaveLength(1);
});

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { startSandbox } from '@reelgate/sandbox';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { picture } from '../../sandbox/support.ts';
import { answerOf, dataOf } from '../../support/gateway/http.ts';
import {
  generate,
  type SeenJob,
  type SpawnedGateway,
  spawnGateway,
  watchToEnd,
} from '../../support/gateway/spawned-gateway.ts';
import { SseClient } from '../../support/gateway/sse-client.ts';
import { postUpload } from '../../support/gateway/upload.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const SMALL = { resolution: 'R360', videoLength: 1 };
const FIELDS = 'request { image } video { url }';

interface SeenMedia {
  readonly request: { readonly image: string };
  readonly video: { readonly url: string } | null;
}

interface Uploaded {
  readonly url: string;
  readonly contentType: string;
  readonly byteLength: number;
}

async function upload(url: string): Promise<string> {
  const bytes = new Uint8Array(await picture());
  const { data, errors } = answerOf<{ uploadImage: Uploaded }>((await postUpload(url, bytes)).text);
  if (data == null) throw new Error(JSON.stringify(errors));
  expect(data.uploadImage).toMatchObject({ contentType: 'image/png', byteLength: bytes.length });
  return data.uploadImage.url;
}

describe('the files of the embedded sandbox', () => {
  const resources = new AsyncDisposableStack();
  let gateway: SpawnedGateway;
  /** The gateway's origin under its two host names. */
  let names: readonly string[];
  let id: string;
  let history: readonly SeenJob[];

  beforeAll(async () => {
    const { path } = resources.use(tempFolder());
    gateway = resources.use(await spawnGateway({ DATA_DIR: path, SANDBOX_SPEED: '50', LOG_LEVEL: 'debug' }));
    names = [gateway.url, gateway.url.replace('127.0.0.1', 'localhost')];
    const image = await upload(gateway.url);
    ({ id } = await generate(gateway.url, { prompt: 'a cat', image, ...SMALL }));
    history = await watchToEnd(gateway.url, id);
  });
  afterAll(() => resources.disposeAsync());

  const TRANSPORTS: readonly (readonly [string, (url: string) => Promise<SeenMedia | null>])[] = [
    ['a query', (url) => query(url)],
    // A query that is used again is compiled.
    [
      'a compiled query',
      (url) =>
        query(url)
          .then(() => query(url))
          .then(() => query(url)),
    ],
    [
      'an event stream',
      async (url) => {
        using stream = await SseClient.open(
          url,
          `subscription { videoJobUpdated(id: "${id}") { ${FIELDS} } }`,
        );
        const { data } = await stream.result<{ videoJobUpdated: SeenMedia }>();
        return data?.videoJobUpdated ?? null;
      },
    ],
    ['a WebSocket', watchMedia],
  ];

  test.each(TRANSPORTS)('have URLs with the host name that the client uses: %s', async (_, read) => {
    for (const name of names) {
      const media = await read(name);
      expect(media?.video?.url).toMatch(new RegExp(`^${name}/media/${id}/[\\w-]{24}\\.mp4$`));
      expect(media?.request.image).toMatch(new RegExp(`^${name}/sandbox/uploads/[0-9a-f]{32}\\.png$`));
    }
  });

  test('are a video of the uploaded image, without an API key', () => {
    const versions = history.map(({ version }) => version);
    expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    expect(history.at(-1)).toMatchObject({ status: 'COMPLETED', isTerminal: true, failure: null });
    // The sandbox logs this when it cannot read the image and films a drawing instead.
    expect(gateway.output()).not.toContain('drawing one');
  });

  test('are served whole and in part, to GET and HEAD, and nothing else of the sandbox is', async () => {
    const media = await query(gateway.url);
    const video = media?.video?.url ?? '';
    const whole = await fetch(video);
    expect(whole.headers.get('content-type')).toBe('video/mp4');
    expect((await whole.arrayBuffer()).byteLength).toBe(history.at(-1)?.video?.byteLength);
    expect(whole.headers.get('content-length')).toBe(String(history.at(-1)?.video?.byteLength));
    const part = await fetch(video, { headers: { range: 'bytes=4-7' } });
    expect([part.status, await part.text()]).toEqual([206, 'ftyp']);
    expect((await fetch(video, { method: 'HEAD' })).headers.get('content-length')).toBe(
      whole.headers.get('content-length'),
    );
    expect((await fetch(media?.request.image ?? '')).headers.get('content-type')).toBe('image/png');
    expect((await fetch(`${gateway.url}/sandbox/images/sample.png`)).status).toBe(200);
    for (const path of ['v1/get-user-credits', 'videos/none.mp4', 'videos/%2e%2e%2fv1/get-user-credits', ''])
      expect((await fetch(`${gateway.url}/sandbox/${path}`)).status).toBe(404);
  });

  test('can be the image of a job under either host name, which makes one request', async () => {
    const { image } = (await query(gateway.url))?.request ?? { image: '' };
    const [, file = ''] = image.split('/sandbox/uploads/');
    const sent = await Promise.all(
      names.map((name) =>
        generate(name, {
          ...SMALL,
          prompt: 'twice',
          idempotencyKey: 'one',
          image: `${name}/sandbox/uploads/${file}`,
        }),
      ),
    );
    expect(sent[0]?.id).toBe(sent[1]?.id);
    await watchToEnd(gateway.url, sent[0]?.id ?? '');
    expect(gateway.output()).not.toContain('drawing one');
  });

  test('have each subscriber’s own host name in one event', async () => {
    const job = await generate(gateway.url, { prompt: 'a dog', ...SMALL });
    const ends = await Promise.all(
      names.map(async (name) => (await watchToEnd(name, job.id)).at(-1)?.video?.url),
    );
    expect(ends.map((url, index) => url?.startsWith(`${names[index]}/media/${job.id}/`))).toEqual([
      true,
      true,
    ]);
  });

  test('GraphiQL opens with the sample image of the gateway', async () => {
    const page = await fetch(`${gateway.url}/graphql`, { headers: { accept: 'text/html' } });
    expect(await page.text()).toContain(`${gateway.url}/sandbox/images/sample.png`);
  });

  async function query(url: string): Promise<SeenMedia | null> {
    return (await dataOf<{ videoJob: SeenMedia | null }>(url, `{ videoJob(id: "${id}") { ${FIELDS} } }`))
      .videoJob;
  }

  async function watchMedia(url: string): Promise<SeenMedia | null> {
    const client = createClient({ url: `${url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket });
    try {
      const updates = client.iterate<{ videoJobUpdated: SeenMedia }>({
        query: `subscription { videoJobUpdated(id: "${id}") { ${FIELDS} } }`,
      });
      for await (const { data } of updates) return data?.videoJobUpdated ?? null;
      return null;
    } finally {
      await client.dispose();
    }
  }
});

test.each([
  ['from the archive', 'folder', '/media/'],
  ['without an archive', 'off', '/sandbox/videos/'],
])(
  'the files of a sandbox at SEGMIND_BASE_URL are served too, under any of its host names, %s',
  async (_, ARCHIVE, path) => {
    using folder = tempFolder();
    using ownFolder = tempFolder();
    await using sandbox = await startSandbox({ folder: ownFolder.path, speed: 50 });
    await using gateway = await spawnGateway({
      DATA_DIR: folder.path,
      SEGMIND_API_KEY: 'SG_test',
      SEGMIND_BASE_URL: sandbox.url.replace('127.0.0.1', 'localhost'),
      ARCHIVE,
    });
    const image = await upload(gateway.url);
    expect(image).toMatch(`${gateway.url}/sandbox/uploads/`);
    expect((await fetch(image)).status).toBe(200);
    expect((await fetch(image.replace(`${gateway.url}/sandbox`, sandbox.url))).status).toBe(200);
    const { id } = await generate(gateway.url, { prompt: 'a cat', image, ...SMALL });
    const url = (await watchToEnd(gateway.url, id)).at(-1)?.video?.url ?? '';
    expect(url).toMatch(`${gateway.url}${path}`);
    expect((await fetch(url)).headers.get('content-type')).toBe('video/mp4');
  },
);

test('a sandbox that may not fetch private addresses still reads its own images', async () => {
  using folder = tempFolder();
  const PUBLIC_URL = 'https://video.example.com/reelgate';
  await using gateway = await spawnGateway({
    DATA_DIR: folder.path,
    SANDBOX_SPEED: '50',
    LOG_LEVEL: 'debug',
    PUBLIC_URL,
    ALLOW_ANONYMOUS: 'true',
    ALLOWED_HOSTS: '127.0.0.1',
  });
  const image = await upload(gateway.url);
  expect(image).toMatch(`${PUBLIC_URL}/sandbox/uploads/`);
  const { id } = await generate(gateway.url, { prompt: 'a cat', image, ...SMALL });
  await watchToEnd(gateway.url, id);
  expect(gateway.output()).not.toContain('drawing one');
  await expect(generate(gateway.url, { prompt: 'a cat', image: 'http://127.0.0.1/cat.png' })).rejects.toThrow(
    'INVALID_INPUT',
  );
});

test('after a kill -9 in the middle the sandbox, like the real upstream, continues the job', async () => {
  using folder = tempFolder();
  const settings = { DATA_DIR: folder.path, SANDBOX_SPEED: '3' };
  let id: string;
  {
    await using gateway = await spawnGateway(settings);
    id = (await generate(gateway.url, { prompt: 'a cat', resolution: 'R360', videoLength: 1 })).id;
    await expect.poll(() => gateway.output()).toContain('job queued');
    gateway.kill('SIGKILL');
    await gateway.exited;
  }
  await using gateway = await spawnGateway(settings);
  const history = await watchToEnd(gateway.url, id);
  expect(history.at(-1)).toMatchObject({ status: 'COMPLETED' });
});

test('the log has the reason when the embedded sandbox cannot make a video', async () => {
  using folder = tempFolder();
  await using gateway = await spawnGateway({
    DATA_DIR: folder.path,
    SANDBOX_SPEED: '100',
    LOG_LEVEL: 'info',
  });
  rmSync(join(folder.path, 'sandbox', 'videos'), { recursive: true });
  const input = '{ image: "https://example.com/cat.png", prompt: "a cat" }';
  await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: `mutation { generateVideo(input: ${input}) { __typename } }` }),
  });
  await expect.poll(() => gateway.output(), { timeout: 30_000 }).toContain('"msg":"video not made"');
  expect(gateway.output()).toContain('"reason":"Error: ENOENT');
});

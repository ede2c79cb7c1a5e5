import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SpawnedGateway, spawnGateway } from '../../support/gateway/spawned-gateway.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const resources = new AsyncDisposableStack();
let gateway: SpawnedGateway;

beforeAll(async () => {
  const folder = resources.use(tempFolder());
  gateway = resources.use(await spawnGateway({ DATA_DIR: folder.path }));
});

afterAll(() => resources.disposeAsync());

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** Requests a path. The body is not decompressed, as `fetch` would do. */
function ask(path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request(`${gateway.url}${path}`, { method, headers }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('end', () =>
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
    );
  });
  sent.on('error', reject).end();
  return promise;
}

/** The paths of the files that the page references. */
async function assets(extension: string): Promise<readonly string[]> {
  const { body } = await ask('/');
  return [...body.toString().matchAll(/"\.(\/assets\/[^"]+)"/g)]
    .map((match) => match[1] ?? '')
    .filter((path) => path.endsWith(extension));
}

test.each(['/', '/jobs/vj_018f3b9c-0000-7000-8000-000000000000'])(
  '%s is the page, with a strict Content-Security-Policy',
  async (path) => {
    const { status, headers, body } = await ask(path);
    expect(status).toBe(200);
    expect(body.toString()).toContain('<div id="root"></div>');
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    const policy = String(headers['content-security-policy']);
    expect(policy).toMatch(/default-src 'none'/);
    expect(policy).toMatch(/script-src 'self'(;|$)/);
    expect(policy).toMatch(/frame-ancestors 'none'/);
    expect(policy).not.toContain('unsafe');
  },
);

test.each(['.js', '.css', '.svg'])(
  'each %s file is immutable, and compressed for clients that accept it',
  async (extension) => {
    const paths = await assets(extension);
    expect(paths.length).toBeGreaterThan(0);
    for (const path of paths) {
      const plain = await ask(path);
      expect(plain.status).toBe(200);
      expect(plain.headers).toMatchObject({
        'cache-control': 'public, max-age=31536000, immutable',
        vary: 'accept-encoding',
        'content-length': String(plain.body.length),
      });
      expect(plain.headers['content-encoding']).toBeUndefined();
      const brotli = await ask(path, { 'accept-encoding': 'gzip, deflate, br, zstd' });
      const gzip = await ask(path, { 'accept-encoding': 'gzip, br;q=0' });
      expect([brotli, gzip].map(({ headers }) => headers['content-encoding'])).toEqual(['br', 'gzip']);
      expect(brotliDecompressSync(brotli.body)).toEqual(plain.body);
      expect(gunzipSync(gzip.body)).toEqual(plain.body);
      expect(brotli.body.length).toBeLessThan(plain.body.length);
    }
  },
);

test('all of the JavaScript is below 200 kB, gzipped', async () => {
  const bodies = await Promise.all((await assets('.js')).map((path) => ask(path)));
  const total = bodies.reduce((sum, { body }) => sum + gzipSync(body).length, 0);
  expect(total).toBeGreaterThan(10_000);
  expect(total).toBeLessThan(200_000);
});

test('a file that the browser has cached is answered with 304', async () => {
  for (const path of ['/', ...(await assets('.js'))]) {
    const { headers } = await ask(path);
    const etag = String(headers['etag']);
    const again = await ask(path, { 'if-none-match': etag });
    expect(again).toMatchObject({ status: 304, headers: { etag } });
    expect(again.body).toHaveLength(0);
    expect((await ask(path, { 'if-none-match': `W/"${createHash('md5').digest('hex')}"` })).status).toBe(200);
  }
});

test('HEAD has the headers of GET', async () => {
  for (const path of ['/', ...(await assets('.js'))]) {
    const headers = { 'accept-encoding': 'br' };
    const head = await ask(path, headers, 'HEAD');
    const get = await ask(path, headers);
    expect(head.body).toHaveLength(0);
    expect({ ...head.headers, date: '' }).toEqual({ ...get.headers, date: '' });
  }
});

test.each([
  '/index.html.gz',
  '/assets/',
  '/assets/nothing.js',
  '/jobs',
  '/jobs/a/b',
  '/../package.json',
  '/assets/..%2f..%2fpackage.json',
  '/favicon.ico',
])('%s is answered with 404', async (path) => {
  expect((await ask(path)).status).toBe(404);
});

test('404 is a page for browsers and JSON for programs', async () => {
  const page = await ask('/nowhere', { accept: 'text/html,*/*;q=0.8' });
  expect([page.status, page.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
  const json = await ask('/nowhere', { accept: 'application/json' });
  expect([json.status, json.headers['content-type']]).toEqual([404, 'application/json; charset=utf-8']);
  expect((await ask('/healthz', { accept: 'text/html' })).body.toString()).toBe('{"status":"ok"}');
});

test('without authentication, a Host that is not this machine’s gets 421', async () => {
  expect((await ask('/', { host: 'evil.example' })).status).toBe(421);
});

test.each(['POST', 'PUT', 'DELETE'])('%s of a file gets 405', async (method) => {
  for (const path of ['/jobs/vj_1', ...(await assets('.js'))]) {
    const { status, headers } = await ask(path, {}, method);
    expect([status, headers['allow']]).toEqual([405, 'GET, HEAD']);
  }
});

test.each(['/', '/graphql', '/healthz', '/nothing', '/sandbox/images/sample.png'])(
  'the response of %s has a header that names the sandbox as the upstream',
  async (path) => {
    expect((await ask(path)).headers).toMatchObject({ 'x-reelgate-upstream': 'sandbox' });
  },
);

test('so has the response of a query, before and after it is compiled', async () => {
  for (const path of Array.from({ length: 3 }, () => '/graphql?query={videoJobs{nodes{id}}}')) {
    const { status, headers } = await ask(path, { accept: 'application/json' });
    expect([status, headers['x-reelgate-upstream']]).toEqual([200, 'sandbox']);
  }
});

test('an upstream on a private network is named as one that may be a sandbox', async () => {
  using folder = tempFolder();
  await using other = await spawnGateway({ DATA_DIR: folder.path, SEGMIND_BASE_URL: 'http://127.0.0.1:1' });
  const answer = await fetch(other.url);
  expect(answer.headers.get('x-reelgate-upstream')).toBe('private');
  expect(await answer.text()).toContain('Private upstream, such as a sandbox');
});

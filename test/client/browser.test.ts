import { createServer, type Server } from 'node:http';
import type { Reelgate } from '@reelgate/client';
import type { Page } from 'playwright-core';
import { build, defaultClientConditions } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser, type TestBrowser } from '../support/browser/browser.ts';
import { startGateway } from '../support/gateway/gateway.ts';
import { JobMover, WHOLE_LIFE } from '../support/gateway/job-mover.ts';
import { MIB, pngOf } from '../support/gateway/upload.ts';
import { HttpProxy } from '../support/network/http-proxy.ts';
import { listenOnFreePort } from '../support/network/ports.ts';

declare global {
  /** In the page. */
  var reelgate: { createReelgate(options: { readonly url: string }): Reelgate };
}

let browser: TestBrowser;
let pages: Server;
let origin: string;

beforeAll(async () => {
  browser = await launchBrowser();
  const script = await bundle();
  pages = createServer((request, response) => {
    const isScript = request.url === '/client.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : '<!doctype html><script type="module" src="/client.js"></script>');
  });
  origin = `http://127.0.0.1:${await listenOnFreePort(pages)}`;
});
afterAll(async () => {
  await browser[Symbol.asyncDispose]();
  pages.close();
});

/** The client as one script that sets `globalThis.reelgate`. */
async function bundle(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    resolve: { conditions: ['@reelgate/source', ...defaultClientConditions] },
    build: {
      write: false,
      lib: { entry: 'packages/client/src/index.ts', formats: ['iife'], name: 'reelgate' },
    },
  });
  const [output] = Array.isArray(built) ? built : [];
  const code = output?.output[0].code ?? '';
  return `${code}\nglobalThis.reelgate = reelgate;`;
}

test('in a browser an upload reports its progress and can be aborted', async () => {
  await using gateway = await startGateway({ settings: { CORS_ORIGINS: origin } });
  await using opened = await browser.open();
  const { page } = opened;
  await page.goto(origin);
  const bytes = Buffer.from(pngOf(8 * MIB)).toString('base64');
  const shares = await page.evaluate(
    async ({ url, text }) => {
      const client = globalThis.reelgate.createReelgate({ url });
      const file = new Blob([Uint8Array.from(atob(text), (character) => character.charCodeAt(0))]);
      const sent: number[] = [];
      await client.upload(file, { onProgress: (share) => sent.push(share) });
      const abort = new AbortController();
      const upload = client.upload(file, { signal: abort.signal, onProgress: () => abort.abort() });
      const error: unknown = await upload.catch((reason: unknown) => reason);
      return { sent, aborted: error instanceof DOMException && error.name };
    },
    { url: `${gateway.url}/graphql`, text: bytes },
  );
  expect([shares.sent[0], shares.sent.at(-1), shares.aborted]).toEqual([0, 1, 'AbortError']);
  expect(shares.sent.some((share) => share > 0 && share < 1)).toBe(true);
  expect(shares.sent).toEqual(shares.sent.toSorted((one, other) => one - other));
});

test.each(['forward', 'refuse'] as const)(
  'in a browser ten jobs and the list are watched together, when WebSockets are to %s',
  async (upgrade) => {
    await using gateway = await startGateway({ settings: { CORS_ORIGINS: origin } });
    await using proxy = await HttpProxy.start(gateway.port);
    proxy.upgrade = upgrade;
    await using opened = await browser.open();
    const { page } = opened;
    await page.goto(origin);
    const mover = new JobMover(gateway);
    const ids: string[] = [];
    for (let count = 0; count < 10; count += 1) ids.push((await mover.accept()).id);
    const watching = page.evaluate(
      async ({ url, jobs }) => {
        const client = globalThis.reelgate.createReelgate({ url });
        const [first] = [client.watchAll()[Symbol.asyncIterator]()];
        await first.next();
        const last = async (id: string): Promise<number> => {
          let version = 0;
          for await (const job of client.watch(id)) version = job.version;
          return version;
        };
        const versions = jobs.map(last);
        const { jobs: listed } = await client.jobs();
        return { listed: listed.length, versions: await Promise.all(versions) };
      },
      { url: `http://127.0.0.1:${proxy.port}/graphql`, jobs: ids },
    );
    for (const id of ids) await mover.move(id, ...WHOLE_LIFE);
    expect(await watching).toEqual({ listed: 10, versions: Array(10).fill(6) });
  },
);

/** What a page gets of a request and of an upload: codes and messages. */
function refusalsIn(page: Page, url: string, retryForMs: number): Promise<(string | null)[]> {
  return page.evaluate(
    async (options) => {
      const client = globalThis.reelgate.createReelgate(options);
      const calls: Promise<unknown>[] = [client.jobs(), client.upload(new Blob(['an image']))];
      const texts = calls.map((call) =>
        call.then(
          () => null,
          (error: unknown) =>
            error instanceof Error && 'code' in error
              ? `${String(error.code)}: ${error.message}`
              : String(error),
        ),
      );
      return Promise.all(texts);
    },
    { url, retryForMs },
  );
}

test('a page whose origin is not allowed learns it at once, without repetitions', async () => {
  await using gateway = await startGateway();
  await using proxy = await HttpProxy.start(gateway.port);
  await using opened = await browser.open();
  await opened.page.goto(origin);
  const url = `http://127.0.0.1:${proxy.port}/graphql`;
  const reason = 'NOT_ALLOWED: The origin of this page is not allowed: set PUBLIC_URL or CORS_ORIGINS.';
  expect(await refusalsIn(opened.page, url, 60_000)).toEqual([reason, reason]);
  expect(proxy.upgrades).toBe(2);
});

test('where a page cannot learn whether its origin is allowed, the error says so', async () => {
  await using gateway = await startGateway();
  await using proxy = await HttpProxy.start(gateway.port);
  proxy.upgrade = 'refuse';
  await using opened = await browser.open();
  await opened.page.goto(origin);
  const url = `http://127.0.0.1:${proxy.port}/graphql`;
  const hint = `UNREACHABLE: The gateway at ${url} cannot be reached. Browsers hide whether its CORS_ORIGINS lacks ${origin}.`;
  expect(await refusalsIn(opened.page, url, 0)).toEqual([hint, hint]);
});

test('a page repeats a request that a proxy without CORS headers answers while the gateway restarts', async () => {
  await using gateway = await startGateway({ settings: { CORS_ORIGINS: origin } });
  await using proxy = await HttpProxy.start(gateway.port);
  const BAD_GATEWAY = { status: 502, body: 'Bad Gateway' };
  proxy.actions.push(BAD_GATEWAY, BAD_GATEWAY);
  await using opened = await browser.open();
  await opened.page.goto(origin);
  const [jobs] = await refusalsIn(opened.page, `http://127.0.0.1:${proxy.port}/graphql`, 60_000);
  expect(jobs).toBeNull();
  expect(proxy.actions).toEqual([]);
});

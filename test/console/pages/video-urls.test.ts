import { existsSync, readdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { videoKey } from '../../../src/archive/video-key.ts';
import { launchBrowser, type TestBrowser } from '../../support/browser/browser.ts';
import { ConsolePage } from '../../support/browser/console-page.ts';
import { plays, timeOf } from '../../support/browser/page-files.ts';
import { dataOf } from '../../support/gateway/http.ts';
import {
  generate,
  type SpawnedGateway,
  spawnGateway,
  watchToEnd,
} from '../../support/gateway/spawned-gateway.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { listen, rangesOf, wholeOf } from '../../transports/http/media/video-upstream.ts';
import { Videos } from '../../transports/http/media/videos.ts';

const SMALL = { resolution: 'R360', videoLength: 1 };
const resources = new AsyncDisposableStack();
let gateway: SpawnedGateway;
let browser: TestBrowser;
let data: string;
/** A video of the sandbox. */
let bytes: Buffer;

beforeAll(async () => {
  data = resources.use(tempFolder()).path;
  gateway = resources.use(await spawnGateway({ DATA_DIR: data, SANDBOX_SPEED: '50' }));
  browser = resources.use(await launchBrowser());
  const { id } = await generate(gateway.url, { prompt: 'a lake at noon', ...SMALL });
  const url = (await watchToEnd(gateway.url, id)).at(-1)?.video?.url ?? '';
  bytes = Buffer.from(await (await fetch(url)).arrayBuffer());
});

afterAll(() => resources.disposeAsync());

/** The upstream forgets its files once the job's video is in the archive. */
async function forgetFiles(id: string): Promise<void> {
  await expect.poll(() => existsSync(`${data}/archive/${videoKey(id)}`)).toBe(true);
  const folder = `${data}/sandbox/videos`;
  for (const name of readdirSync(folder)) rmSync(`${folder}/${name}`);
}

/** Starts a video that does not start by itself. */
async function starts(video: Locator): Promise<void> {
  await video.waitFor();
  await video.evaluate((element) => Reflect.get(element, 'play').call(element));
  await plays(video);
}

/** Seeks as the controls do. */
async function seeks(video: Locator): Promise<void> {
  await video.evaluate((element) => Reflect.get(element, 'pause').call(element));
  const duration = await video.evaluate((element) => Number(Reflect.get(element, 'duration')));
  expect(duration).toBeGreaterThan(0.5);
  for (const time of [duration * 0.8, duration * 0.1]) {
    await video.evaluate((element, to) => void Reflect.set(element, 'currentTime', to), time);
    await expect.poll(() => timeOf(video)).toBeCloseTo(time, 1);
    await expect
      .poll(() =>
        video.evaluate((element) => [Reflect.get(element, 'seeking'), Reflect.get(element, 'error')]),
      )
      .toEqual([false, null]);
  }
}

test.each([false, true])(
  'a video plays, seeks and is saved after the upstream forgot it (base64: %s)',
  async (base64) => {
    const prompt = `a boat on a river ${base64}`;
    const image = `${gateway.url}/sandbox/images/sample.png`;
    const { id } = await generate(gateway.url, { prompt, base64, image, ...SMALL });
    await watchToEnd(gateway.url, id);
    await using console = await ConsolePage.open(browser, `${gateway.url}/jobs/${id}`);
    const { page, opened } = console;
    await starts(page.locator('video'));
    await forgetFiles(id);
    const answers = noteVideoAnswers(page);
    await page.reload();
    await starts(page.locator('video'));
    await seeks(page.locator('video'));
    expect(await page.locator('video').getAttribute('src')).toMatch(`${gateway.url}/media/${id}/`);
    expect(answers[0]).toBe(206);

    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: /^Download/ }).click();
    const saved = await readFile(await (await downloading).path());
    const query = `{ videoJob(id: "${id}") { video { base64 byteLength } } }`;
    const { videoJob } = await dataOf<{
      videoJob: { video: { base64: string | null; byteLength: number | null } };
    }>(gateway.url, query);
    expect(saved.length).toBe(videoJob.video.byteLength);
    expect(videoJob.video.base64).toBe(base64 ? saved.toString('base64') : null);
    expect(opened.errors()).toEqual([]);
  },
);

/** The statuses of answers with videos. */
function noteVideoAnswers(page: Page): readonly number[] {
  const statuses: number[] = [];
  page.on('response', (response) => {
    if (response.url().includes('/media/')) statuses.push(response.status());
  });
  return statuses;
}

const OPENED: readonly (readonly [string, () => Promise<string>])[] = [
  [
    'that is passed through',
    async () => {
      const upstream = await listen(rangesOf(bytes));
      const videos = await Videos.start(upstream);
      return videos.urlOf(await videos.atUrl(`${upstream}/videos/1.mp4`));
    },
  ],
  [
    'of an upstream without ranges',
    async () => {
      const upstream = await listen(wholeOf(bytes));
      const videos = await Videos.start(upstream);
      return videos.urlOf(await videos.atUrl(`${upstream}/videos/1.mp4`));
    },
  ],
  [
    'in the archive',
    async () => {
      const videos = await Videos.start('http://127.0.0.1:9');
      const job = await videos.atUrl('http://127.0.0.1:9/videos/1.mp4');
      await videos.archive(job, bytes);
      return videos.urlOf(job);
    },
  ],
];

describe.each(OPENED)('a video %s', (_, urlOf) => {
  test('plays and seeks on a page of another origin', async () => {
    const url = await urlOf();
    const html = `<video muted autoplay loop crossorigin="anonymous" src="${url}"></video>`;
    const origin = await listen((_request, response) => {
      response
        .writeHead(200, { 'content-type': 'text/html', 'cross-origin-embedder-policy': 'require-corp' })
        .end(html);
    });
    await using opened = await browser.open();
    await opened.page.goto(origin);
    await plays(opened.page.locator('video'));
    await seeks(opened.page.locator('video'));
    expect(opened.errors()).toEqual([]);
  });

  test('plays in a tab of its own, and a link saves it', async () => {
    const url = await urlOf();
    await using opened = await browser.open();
    await opened.page.goto(url);
    await starts(opened.page.locator('video'));
    await seeks(opened.page.locator('video'));
    const downloading = opened.page.waitForEvent('download');
    await opened.page.goto(`${url}?download=boat`).catch(() => null);
    const download = await downloading;
    expect(download.suggestedFilename()).toBe('boat.mp4');
    expect(await readFile(await download.path())).toEqual(bytes);
    expect(opened.errors()).toEqual([]);
  });
});

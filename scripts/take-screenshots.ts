/**
 * Takes the screenshots of the console in docs/screenshots, with a real gateway, the sandbox and a real browser. It waits for the
 * states that a screenshot shows, and checks them again afterwards.
 */
import { setTimeout } from 'node:timers/promises';
import { createReelgate } from '@reelgate/client';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { launchBrowser } from '../test/support/browser/browser.ts';
import { ConsolePage } from '../test/support/browser/console-page.ts';
import { fileIn, timeOf } from '../test/support/browser/page-files.ts';
import { generate, spawnGateway, watchToEnd } from '../test/support/gateway/spawned-gateway.ts';
import { freePort } from '../test/support/network/ports.ts';
import { tempFolder } from '../test/support/temp-folder.ts';
import { drawScene, type SceneName } from './scenes.ts';

const FOLDER = 'docs/screenshots';
const WIDE = { width: 1440, height: 1000 };
const NARROW = { width: 390, height: 844 };
/** Timeout of every step. */
const TIMEOUT_MS = 90_000;

await using resources = new AsyncDisposableStack();
const folder = resources.use(tempFolder());
const data = resources.use(tempFolder());
// So slow that a job stays queued during its screenshot.
const settings = { DATA_DIR: data.path, SANDBOX_SPEED: '0.4', PORT: String(await freePort()) };
const gateway = resources.use(await spawnGateway(settings));
const client = createReelgate({ url: `${gateway.url}/graphql` });
resources.defer(() => client.close());
const browser = resources.use(await launchBrowser());

// Two completed jobs and a failed one. The card cuts the prompt before the text that requests the fault.
const [oneId, otherId] = await Promise.all(
  [
    start('mountains', 'The stars turn slowly above the snow, and the moon wanders to the ridge'),
    start('forest', 'Morning fog drifts between the firs while the light comes up'),
    start(
      'balloons',
      'A well known politician waves from the basket of the balloon and drops flyers, seen from below [sandbox:content-block]',
    ),
  ].map(async (started) => {
    const id = await started;
    await watchToEnd(gateway.url, id);
    return id;
  }),
);

const console = resources.use(await ConsolePage.open(browser, gateway.url, { viewport: WIDE }));
const { page } = console;
page.setDefaultTimeout(TIMEOUT_MS);

await page.goto(`${gateway.url}/compare/${oneId}/${otherId}`);
const videos = page.locator('video');
await videos.nth(1).waitFor();
await page.getByRole('button', { name: 'Play', exact: true }).click();
while ((await timeOf(videos.first())) < 1) await setTimeout(100);
await page.getByRole('button', { name: 'Pause', exact: true }).click();
await shoot(page, 'compare');
await page.goto(gateway.url);
await console.live();

await page.locator('input[type=file]').setInputFiles(await sceneFile('lighthouse'));
await console.fillIn({ prompt: 'The beam of the lighthouse sweeps over the sea while the sun goes down' });
await page.evaluate('document.activeElement.blur()');

const moving = 'The caravan walks on, and sand blows off the crests of the dunes';
const movingId = await start('desert', moving);
await shown(console, moving, 'In progress');
const queued = 'The windows of the town light up one after the other as night falls';
await start('city', queued);
await shown(console, queued, 'Queued');
await shoot(page, 'console-light');
await page.emulateMedia({ colorScheme: 'dark' });
await shoot(page, 'console-dark');
await shown(console, queued, 'Queued');
await shown(console, moving, 'In progress');

await page.setViewportSize(NARROW);
for (const colorScheme of ['light', 'dark'] as const) {
  await page.emulateMedia({ colorScheme });
  await page.evaluate('scrollTo(0, 0)');
  await shoot(page, `phone-form-${colorScheme}`);
  await console.card(moving).evaluate((card) => Reflect.get(card, 'scrollIntoView').call(card));
  await shoot(page, `phone-card-${colorScheme}`);
}

await page.emulateMedia({ colorScheme: 'light' });
await page.setViewportSize({ width: 1440, height: 900 });
await page.goto(`${gateway.url}/jobs/${movingId}`);
const video = page.locator('video');
await video.waitFor();
while ((await timeOf(video)) < 1) await setTimeout(100);
await shoot(page, 'job-page');

await page.goto(gateway.url);
// It never ends, so it is in progress however late the page shows it. The card cuts the prompt before the text that requests this.
const unfinished =
  'The beam of the lighthouse sweeps over the sea, and the waves run to the rocks below it in the last light [sandbox:endless]';
await start('lighthouse', unfinished);
await shown(console, unfinished, 'In progress');
gateway.kill('SIGKILL');
await console.connection('Reconnecting…');
await shoot(page, 'reconnecting', 600);

/** Creates a job from a scene. @returns its id */
async function start(scene: SceneName, prompt: string): Promise<string> {
  const image = new Blob([new Uint8Array(await drawScene(scene))]);
  const { url } = await client.upload(image);
  return (await generate(gateway.url, { image: url, prompt })).id;
}

async function sceneFile(name: SceneName): Promise<string> {
  return fileIn(folder.path, `${name}.png`, await drawScene(name));
}

async function shown(at: ConsolePage, prompt: string, status: string): Promise<void> {
  await at.card(prompt).getByText(status, { exact: true }).waitFor();
}

/** Takes a screenshot when all images are loaded. */
async function shoot(of: Page, name: string, height?: number): Promise<void> {
  await of.waitForFunction(
    `[...document.images].every(({ complete, loading }) => complete || loading === 'lazy')`,
  );
  // Colour transitions take a moment.
  await setTimeout(200);
  const size = of.viewportSize() ?? WIDE;
  const clip = { x: 0, y: 0, width: size.width, height: height ?? size.height };
  const png = await of.screenshot({ clip });
  const small = await sharp(png).png({ palette: true, quality: 90, effort: 10 }).toBuffer();
  process.stdout.write(`${fileIn(FOLDER, `${name}.png`, small)}: ${Math.round(small.length / 1000)} kB\n`);
}

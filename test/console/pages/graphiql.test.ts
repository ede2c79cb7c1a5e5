import { startSandbox } from '@reelgate/sandbox';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser, type TestBrowser } from '../../support/browser/browser.ts';
import { run, shown, writeVariables } from '../../support/browser/graphiql-page.ts';
import { startGateway } from '../../support/gateway/gateway.ts';
import { type SpawnedGateway, spawnGateway } from '../../support/gateway/spawned-gateway.ts';
import { freePort } from '../../support/network/ports.ts';
import { type TempFolder, tempFolder } from '../../support/temp-folder.ts';

/** The upstream starts when the subscription is active, so until then the job is queued, even on a slow machine. */
const upstreamPort = await freePort();
const upstream = `http://127.0.0.1:${upstreamPort}`;

const resources = new AsyncDisposableStack();
let folder: TempFolder;
let gateway: SpawnedGateway;
let browser: TestBrowser;

beforeAll(async () => {
  folder = resources.use(tempFolder());
  gateway = resources.use(
    await spawnGateway({
      DATA_DIR: folder.path,
      SEGMIND_API_KEY: 'SG_test',
      SEGMIND_BASE_URL: upstream,
      SEGMIND_HISTORY_URL: 'off',
      SEGMIND_RPM: '0',
    }),
  );
  browser = resources.use(await launchBrowser());
});

afterAll(() => resources.disposeAsync());

test('GraphiQL submits a job in its first tab and watches it live in the second', async () => {
  await using opened = await browser.open();
  const { page } = opened;
  await page.goto(`${gateway.url}/graphql`);

  await run(page);
  const id = await shown(page, /"id":\s"(vj_[^"]+)"/);
  await shown(page, /"status":\s"(QUEUED)"/);

  await page.getByRole('tab').nth(1).click();
  await writeVariables(page, { id });
  await run(page);
  await shown(page, /"isTerminal":\s(false)/);
  resources.use(await startSandbox({ folder: `${folder.path}/sandbox`, port: upstreamPort, speed: 4 }));
  await shown(page, /"status":\s"(COMPLETED)"/);
  await shown(page, /"url":\s"(http:[^"]+\.mp4)"/);
  // The stream has ended, so the stop button is a run button again.
  await page.getByRole('button', { name: /^Execute query/ }).waitFor();

  expect(opened.errors()).toEqual([]);
  expect(opened.hosts()).toEqual([new URL(gateway.url).host]);
});

test('GraphiQL asks for the file of an upload, sends it, and says so when none is chosen', async () => {
  await using withUploads = await startGateway();
  await using opened = await browser.open();
  const { page } = opened;
  await page.goto(`${withUploads.url}/graphql`);
  await page.getByRole('tab').nth(6).click();
  // The editor follows the tab a moment later; before that, the document of the first tab would run.
  await page.locator('.graphiql-query-editor').filter({ hasText: 'uploadImage' }).waitFor();

  const asked = page.waitForEvent('filechooser');
  await run(page);
  const chooser = await asked;
  await chooser.setFiles('console/src/assets/sample.png');
  await shown(page, /"url":\s"(http[^"]+)"/);
  await shown(page, /"contentType":\s"(image\/png)"/);

  const askedAgain = page.waitForEvent('filechooser');
  await run(page);
  await (await askedAgain).element().dispatchEvent('cancel');
  await shown(page, /(No\sfile\swas\schosen)/);
  expect(opened.errors()).toEqual([]);
});

test('on a phone GraphiQL’s response is below the editors and as wide', async () => {
  await using opened = await browser.open({ viewport: { width: 390, height: 844 } });
  const { page } = opened;
  await page.goto(`${gateway.url}/graphql`);

  await run(page);
  // Long lines wrap on a phone, so only short words can be found.
  await shown(page, /(GenerateVideoSuccess)/);

  const editors = await page.locator('.graphiql-editors').boundingBox();
  const answer = await page.locator('.graphiql-response').boundingBox();
  expect(answer?.width).toBeGreaterThan(280);
  expect(answer?.height).toBeGreaterThan(200);
  expect(answer?.y).toBeGreaterThanOrEqual((editors?.y ?? 0) + (editors?.height ?? 0));
});

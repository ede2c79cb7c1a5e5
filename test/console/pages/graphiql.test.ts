import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser, type TestBrowser } from '../../support/browser/browser.ts';
import { run, shown, writeVariables } from '../../support/browser/graphiql-page.ts';
import { type SpawnedGateway, spawnGateway } from '../../support/gateway/spawned-gateway.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const resources = new AsyncDisposableStack();
let gateway: SpawnedGateway;
let browser: TestBrowser;

beforeAll(async () => {
  const folder = resources.use(tempFolder());
  gateway = resources.use(await spawnGateway({ DATA_DIR: folder.path, SANDBOX_SPEED: '2' }));
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
  await shown(page, /"status":\s"(COMPLETED)"/);
  await shown(page, /"url":\s"(http:[^"]+\.mp4)"/);
  // The stream has ended, so the stop button is a run button again.
  await page.getByRole('button', { name: /^Execute query/ }).waitFor();

  expect(opened.errors()).toEqual([]);
  expect(opened.hosts()).toEqual([new URL(gateway.url).host]);
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

import { startSandbox } from '@reelgate/sandbox';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser, type TestBrowser } from '../../support/browser/browser.ts';
import { ConsolePage } from '../../support/browser/console-page.ts';
import {
  generate,
  type SpawnedGateway,
  spawnGateway,
  watchToEnd,
} from '../../support/gateway/spawned-gateway.ts';
import { RedisServer } from '../../support/redis/redis-server.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const PROMPTS = ['a toll bridge', 'a ticket office'] as const;
const resources = new AsyncDisposableStack();
let gateway: SpawnedGateway;
let browser: TestBrowser;

/** A gateway with Redis, and with an upstream that has prices. */
beforeAll(async () => {
  const folder = resources.use(tempFolder()).path;
  const redis = resources.use(await RedisServer.start());
  const upstream = resources.use(await startSandbox({ folder, port: 0, speed: 50 }));
  gateway = resources.use(
    await spawnGateway({
      REDIS_URL: redis.url,
      SEGMIND_API_KEY: 'SG_test',
      SEGMIND_BASE_URL: upstream.url,
      SEGMIND_HISTORY_URL: 'off',
      SEGMIND_RPM: '0',
    }),
  );
  browser = resources.use(await launchBrowser());
  const small = { resolution: 'R360', videoLength: 1 };
  const jobs = await Promise.all(PROMPTS.map((prompt) => generate(gateway.url, { prompt, ...small })));
  await Promise.all(jobs.map(({ id }) => watchToEnd(gateway.url, id)));
});

afterAll(() => resources.disposeAsync());

test('the heading of a day has the cost of its videos', async () => {
  await using console = await ConsolePage.open(browser, gateway.url);
  for (const prompt of PROMPTS) await console.card(prompt).waitFor();
  const heading = await console.page.locator('.day-head').innerText();
  expect(heading).toMatch(/^Today\s+2 videos · \$(?!0\.00)\d+\.\d\d, which may be test data$/);
});

test('a search, which needs the embedded store, says so, and the list comes back without it', async () => {
  await using console = await ConsolePage.open(browser, gateway.url);
  const { page } = console;
  await page.getByLabel('Status').selectOption('Ready');
  for (const prompt of PROMPTS) await console.card(prompt).waitFor();
  await page.getByLabel('Search prompts').fill('bridge');
  await page.getByText(/embedded store/).waitFor();
  expect(await console.cards.count()).toBe(0);
  await page.getByLabel('Search prompts').fill('');
  for (const prompt of PROMPTS) await console.card(prompt).waitFor();
});

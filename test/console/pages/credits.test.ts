import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser, type TestBrowser } from '../../support/browser/browser.ts';
import { ConsolePage } from '../../support/browser/console-page.ts';
import { startGateway } from '../../support/gateway/gateway.ts';
import { json } from '../../support/upstream/replies.ts';
import { ScriptedUpstream } from '../../support/upstream/scripted-upstream.ts';

let browser: TestBrowser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser[Symbol.asyncDispose]());

test.each([
  [12.5, 'Credits: $12.50'],
  [0.31, 'Credits: $0.31, too few for a video'],
])('with %d dollars at the upstream the header shows “%s”', async (credits, text) => {
  await using upstream = await ScriptedUpstream.start();
  upstream.on('GET', '/v1/get-user-credits', json(200, { credits }));
  await using gateway = await startGateway({
    settings: { SEGMIND_BASE_URL: upstream.origin, SEGMIND_API_KEY: 'SG_test' },
  });
  await using console = await ConsolePage.open(browser, gateway.url);
  const shown = console.page.locator('header .credits');
  await shown.filter({ hasText: text }).waitFor();
  expect(await shown.innerText()).toBe(text);
  await console.page.getByRole('note').getByText('Private upstream', { exact: true }).waitFor();
});

test('a phone shows the sum of the credits in the same row', async () => {
  await using upstream = await ScriptedUpstream.start();
  upstream.on('GET', '/v1/get-user-credits', json(200, { credits: 12.5 }));
  await using gateway = await startGateway({
    settings: { SEGMIND_BASE_URL: upstream.origin, SEGMIND_API_KEY: 'SG_test' },
  });
  const viewport = { width: 390, height: 800 };
  await using console = await ConsolePage.open(browser, gateway.url, { viewport });
  const { page } = console;
  const height = async () => (await page.locator('.top').boundingBox())?.height;
  const shown = page.locator('header .credits');
  await shown.waitFor();
  expect(await shown.textContent()).toBe('Credits: $12.50');
  const withCredits = await height();
  await shown.evaluate((element) => element.remove());
  expect(await height()).toBe(withCredits);
});

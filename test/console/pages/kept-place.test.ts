import { beforeAll, expect, test } from 'vitest';
import { useConsole } from '../../support/browser/console-fixture.ts';
import { generate } from '../../support/gateway/spawned-gateway.ts';

const fixture = useConsole();

/** So far down the list that it is out of the first window. */
const FAR = 'number 3 [sandbox:content-block]';

beforeAll(async () => {
  for (let number = 0; number < 12; number++) {
    await generate(fixture.url, { prompt: `number ${number} [sandbox:content-block]` });
  }
});

test.each([
  ['the link', 'All videos'],
  ['the browser’s back button', null],
])('%s leads from a job back to the same place of the list', async (_, link) => {
  await using console = await fixture.open({ viewport: { width: 390, height: 844 } });
  const { page } = console;
  await console.fillIn({ prompt: 'a draft that stays' });
  const details = console.card(FAR).getByRole('link');
  await details.scrollIntoViewIfNeeded();
  const before: number = await page.evaluate('scrollY');
  expect(before).toBeGreaterThan(1000);
  await details.click();
  await page.getByRole('heading', { name: FAR }).waitFor();
  await expect.poll(() => page.evaluate('scrollY')).toBe(0);
  if (link === null) await page.goBack();
  else await page.getByRole('link', { name: link }).click();
  await details.waitFor();
  await expect.poll(() => page.evaluate('scrollY')).toBe(before);
  // The keyboard goes on where it was.
  expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe(`Details: ${FAR}`);
  expect(await page.getByLabel('Prompt', { exact: true }).inputValue()).toBe('a draft that stays');
});

test('a page that is opened first leads to the top of the list', async () => {
  const { id } = await generate(fixture.url, { prompt: 'the newest [sandbox:content-block]' });
  await using console = await fixture.open();
  await console.page.goto(`${fixture.url}/jobs/${id}`);
  await console.page.getByRole('link', { name: 'All videos' }).click();
  await console.card(FAR).waitFor();
  expect(await console.page.evaluate('scrollY')).toBe(0);
});

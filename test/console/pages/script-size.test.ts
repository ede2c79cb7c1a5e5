import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { useConsole } from '../../support/browser/console-fixture.ts';
import { makeEnded } from '../../support/browser/jobs-of-all-states.ts';

const fixture = useConsole();

const MAX_BYTES = 180_000;

test('all pages together load at most 180 kB of compressed script', async () => {
  const id = await makeEnded(fixture.url, 'a small page');
  await using opened = await fixture.browser.open();
  const { page } = opened;
  const scripts = new Set<string>();
  page.on('request', (request) => {
    if (request.resourceType() === 'script') scripts.add(new URL(request.url()).pathname);
  });
  for (const path of ['/', `/jobs/${id}`, `/compare/${id}/${id}`]) {
    await page.goto(fixture.url + path);
    await page.locator('video').first().waitFor();
  }
  const sizes = [...scripts].map((path) => readFileSync(`console/dist${path}.gz`).length);
  expect(sizes.length).toBeGreaterThan(0);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(MAX_BYTES);
});

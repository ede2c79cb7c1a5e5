import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { PAGE } from '../../../console/src/jobs/page-size.ts';
import { useConsole } from '../../support/browser/console-fixture.ts';
import { makeEnded } from '../../support/browser/jobs-of-all-states.ts';
import { generate, readJob } from '../../support/gateway/spawned-gateway.ts';

const fixture = useConsole({ SEGMIND_HISTORY_URL: 'off' });

const SMALL = { resolution: 'R360', videoLength: 1 };

describe('the list', () => {
  test('can be limited to a status and to words of the prompt, and stays live', async () => {
    const words = 'a heron over the reeds';
    const failed = `${words} [sandbox:content-block]`;
    await Promise.all([
      makeEnded(fixture.url, words),
      makeEnded(fixture.url, failed),
      makeEnded(fixture.url, 'an unrelated owl'),
    ]);
    await using console = await fixture.open();
    const { page } = console;
    await page.getByLabel('Search prompts').fill('reeds her');
    await console.card('an unrelated owl').waitFor({ state: 'detached' });
    await Promise.all([words, failed].map((prompt) => console.card(prompt).waitFor()));
    await page.getByLabel('Status').selectOption('Failed');
    await console.card(words).waitFor({ state: 'detached' });
    await console.card(failed).waitFor();
    await expect.poll(() => page.locator('[aria-live]').textContent()).toContain('1 video matches.');
    await generate(fixture.url, { prompt: failed, ...SMALL });
    await expect.poll(() => console.card(failed).count()).toBe(2);
    await page.getByLabel('Search prompts').fill('nothing like this');
    const says = page.locator('[aria-live]');
    await expect.poll(() => says.textContent()).toContain('No video matches.');
    await page.locator('.empty').getByText('No video matches.').waitFor();
    await page.getByLabel('Search prompts').fill('');
    await page.getByLabel('Status').selectOption('All');
    await console.card('an unrelated owl').waitFor();
  });

  test('does not move under the user’s eyes: new videos of other tabs wait behind a button', async () => {
    const fillers = Array.from({ length: PAGE }, () => ({ prompt: 'a reader [sandbox:content-block]' }));
    await Promise.all(fillers.map((input) => generate(fixture.url, input)));
    await using console = await fixture.open();
    const { page } = console;
    const eighth = page.getByRole('article').nth(8);
    await eighth.scrollIntoViewIfNeeded();
    await page.evaluate('scrollTo(0, document.querySelectorAll("article")[8].offsetTop)');
    const name = await eighth.getAttribute('aria-labelledby');
    const reading = page.locator(`article[aria-labelledby="${name}"]`);
    const before = await reading.boundingBox();
    const made = ['a first knock', 'a second knock'];
    for (const prompt of made) await generate(fixture.url, { prompt: `${prompt} [sandbox:endless]` });
    const button = page.getByRole('button', { name: '2 new videos' });
    await button.waitFor();
    expect(await reading.boundingBox()).toEqual(before);
    await button.click();
    for (const prompt of made) await console.card(`${prompt} [sandbox:endless]`).waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('jobs-heading');
    expect(await button.count()).toBe(0);
  });

  test('shows a heading for the day with the number of its videos, and no price in the sandbox', async () => {
    await makeEnded(fixture.url, 'a calendar');
    await using console = await fixture.open();
    const day = console.page.getByRole('region', { name: 'Today' });
    await day.getByRole('article', { name: 'a calendar' }).waitFor();
    expect(await day.locator('.day-head').innerText()).toMatch(/^Today\s+\d+ videos?$/);
  });
});

describe('selected videos', () => {
  test('are downloaded as one archive, and only those that have ended are deleted', async () => {
    const prompts = ['a pair of shoes', 'a pair of socks', 'a pair of gloves [sandbox:endless]'] as const;
    const [shoes, socks] = await Promise.all([
      makeEnded(fixture.url, prompts[0]),
      makeEnded(fixture.url, prompts[1]),
    ]);
    await generate(fixture.url, { prompt: prompts[2], ...SMALL });
    await using console = await fixture.open();
    const { page } = console;
    await page.getByRole('button', { name: 'Select', exact: true }).click();
    for (const prompt of prompts) await page.getByLabel(`Select: ${prompt}`).check();
    const bar = page.getByRole('toolbar', { name: 'Selected videos' });
    await bar.getByText('3 selected').waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      bar.getByRole('button', { name: 'Download 2' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('videos-2.zip');
    const listing = execFileSync('python3', ['-m', 'zipfile', '-l', await download.path()], {
      encoding: 'utf8',
    });
    expect(listing).toMatch(
      /a-pair-of-socks\.mp4[^]*a-pair-of-shoes\.mp4|a-pair-of-shoes\.mp4[^]*a-pair-of-socks\.mp4/,
    );

    await page.getByLabel(`Select: ${prompts[2]}`).uncheck();
    const href = (await bar.getByRole('link', { name: 'Compare' }).getAttribute('href')) ?? '';
    expect(href.split('/').slice(2).toSorted()).toEqual([shoes, socks].toSorted());

    await page.getByLabel(`Select: ${prompts[2]}`).check();
    await bar.getByRole('button', { name: 'Delete 2' }).click();
    await page
      .getByRole('dialog', { name: 'Delete 2 videos?' })
      .getByRole('button', { name: 'Delete' })
      .click();
    await bar.getByText('1 selected').waitFor();
    await console.card(prompts[2]).waitFor();
    expect([await readJob(fixture.url, shoes), await readJob(fixture.url, socks)]).toEqual([null, null]);
    await bar.getByRole('button', { name: 'Done' }).click();
    expect(await page.getByRole('checkbox').count()).toBe(0);
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Select');
  });

  test('a failed deletion is reported, and the others are deleted', async () => {
    const prompts = ['a locked box', 'an open box'];
    const ids = await Promise.all(prompts.map((prompt) => makeEnded(fixture.url, prompt)));
    await using console = await fixture.open();
    const { page } = console;
    await page.route('**/graphql', (route) => {
      const sent = route.request().postData() ?? '';
      const isLocked = sent.includes('deleteVideoJob(') && sent.includes(ids[0] ?? '');
      const errors = [{ message: 'The store is locked.', extensions: { code: 'FORBIDDEN' } }];
      return isLocked ? route.fulfill({ json: { errors } }) : route.continue();
    });
    await page.getByRole('button', { name: 'Select', exact: true }).click();
    for (const prompt of prompts) await page.getByLabel(`Select: ${prompt}`).check();
    await page.getByRole('toolbar').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await console.notice.getByText('1 of 2 were not deleted. The store is locked.').waitFor();
    await console.card(prompts[1] ?? '').waitFor({ state: 'detached' });
    expect(await console.card(prompts[0] ?? '').count()).toBe(1);
  });
});

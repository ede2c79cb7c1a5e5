import { execFileSync } from 'node:child_process';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { PAGE } from '../../../console/src/jobs/page-size.ts';
import { violationsInAllLooks } from '../../support/browser/axe.ts';
import { useConsole } from '../../support/browser/console-fixture.ts';
import type { ConsolePage } from '../../support/browser/console-page.ts';
import { jobsWith } from '../../support/gateway/generate.ts';
import { generate, readJob, watchToEnd } from '../../support/gateway/spawned-gateway.ts';

const fixture = useConsole({ SEGMIND_HISTORY_URL: 'off' });

const SMALL = { resolution: 'R360', videoLength: 1 };

/** Makes a job and waits for its end. @returns its id */
async function make(prompt: string): Promise<string> {
  const { id } = await generate(fixture.url, { prompt, ...SMALL });
  await watchToEnd(fixture.url, id);
  return id;
}

/** Chooses an entry of a card's menu. */
async function choose(console: ConsolePage, prompt: string, entry: string): Promise<void> {
  await console
    .card(prompt)
    .getByRole('button', { name: `More actions: ${prompt}` })
    .click();
  await console.card(prompt).getByRole('button', { name: entry, exact: true }).click();
}

function notice(page: Page) {
  return page.getByRole('region', { name: 'Message' });
}

async function seedsOf(prompt: string): Promise<readonly number[]> {
  return (await jobsWith(fixture.url, prompt)).map(({ request }) => request.seed);
}

describe('a job runs again', () => {
  test('from its buttons, with its own seed or a new one, once per double click', async () => {
    const prompt = 'a wave [sandbox:content-block]';
    await make(prompt);
    await using console = await fixture.open();
    const card = console.card(prompt).last();
    await card.getByRole('button', { name: `Run again with a new seed: ${prompt}` }).dblclick();
    await notice(console.page).getByText(`Sent again: ${prompt}`).waitFor();
    await expect.poll(() => console.card(prompt).count()).toBe(2);
    const [again = 0, ...seeds] = await seedsOf(prompt);
    expect(seeds).toEqual([42_424_242]);
    expect(again).not.toBe(42_424_242);

    await card.locator('[aria-disabled=true]').first().waitFor({ state: 'detached' });
    await card.getByRole('button', { name: `Run again: ${prompt}` }).dblclick();
    await expect.poll(() => seedsOf(prompt)).toEqual([42_424_242, again, 42_424_242]);
    await notice(console.page).getByRole('link', { name: 'Watch it' }).click();
    await console.page.getByRole('heading', { name: prompt }).waitFor();
    expect(await notice(console.page).count()).toBe(0);
  });

  test('from its menu while it is unfinished, and from its page', async () => {
    const prompt = 'a road [sandbox:endless]';
    await generate(fixture.url, { prompt, ...SMALL });
    await using console = await fixture.open();
    await choose(console, prompt, 'Run again, new seed');
    await expect.poll(() => jobsWith(fixture.url, prompt)).toHaveLength(2);
    await console.card(prompt).last().getByRole('link').click();
    await console.page.getByRole('button', { name: `Run again: ${prompt}` }).click();
    await expect.poll(() => jobsWith(fixture.url, prompt)).toHaveLength(3);
  });

  test('also when the job that it made first was deleted', async () => {
    const prompt = 'a wall [sandbox:content-block]';
    await make(prompt);
    await using console = await fixture.open();
    const oldest = console.card(prompt).last();
    await oldest.getByRole('button', { name: `Run again: ${prompt}` }).click();
    await console.card(prompt).nth(1).waitFor();
    const [first] = await jobsWith(fixture.url, prompt);
    await watchToEnd(fixture.url, first?.id ?? '');
    const newest = console.card(prompt).first();
    await newest.getByRole('button', { name: 'More actions' }).click();
    await newest.getByRole('button', { name: 'Delete…' }).click();
    await console.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await expect.poll(() => console.card(prompt).count()).toBe(1);
    // A second click right after the first one is a double click.
    await oldest.locator('[aria-disabled=true]').first().waitFor({ state: 'detached' });
    await oldest.getByRole('button', { name: `Run again: ${prompt}` }).click();
    await expect.poll(() => console.card(prompt).count()).toBe(2);
  });

  test('a refusal is shown until it is dismissed', async () => {
    const prompt = 'a full queue [sandbox:content-block]';
    await make(prompt);
    await using console = await fixture.open();
    await console.page.route('**/graphql', (route) => {
      const refusal = { __typename: 'GenerateVideoCapacityExceeded', code: 'CAPACITY_EXCEEDED' };
      const data = { generateVideo: { ...refusal, message: 'The queue is full.', retryAfterSeconds: 60 } };
      return route.request().postData()?.includes('generateVideo(') === true
        ? route.fulfill({ json: { data } })
        : route.continue();
    });
    await console
      .card(prompt)
      .getByRole('button', { name: `Run again: ${prompt}` })
      .click();
    await notice(console.page).getByText('It was not sent again. The queue is full.').waitFor();
    await notice(console.page).getByRole('button', { name: 'Dismiss' }).click();
    expect(await notice(console.page).count()).toBe(0);
  });
});

describe('deletion', () => {
  test('asks first, and returns the focus when the user keeps the video', async () => {
    const prompt = 'a vase that is kept';
    const id = await make(prompt);
    await using console = await fixture.open();
    await choose(console, prompt, 'Delete…');
    const dialog = console.page.getByRole('dialog', { name: 'Delete this video?' });
    await dialog.getByText(`“${prompt}” will be deleted from the gateway. This cannot be undone.`).waitFor();
    await console.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(await console.page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe(
      `More actions: ${prompt}`,
    );
    expect(await readJob(fixture.url, id)).not.toBeNull();
  });

  test('removes the card in all tabs, and the keyboard focus goes to the next card', async () => {
    const prompt = 'a vase that falls';
    const next = 'a shelf below the vase';
    await make(next);
    const id = await make(prompt);
    await using console = await fixture.open();
    await using other = await fixture.open();
    await other.card(prompt).waitFor();
    await choose(console, prompt, 'Delete…');
    await console.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    for (const list of [console, other]) await list.card(prompt).waitFor({ state: 'detached' });
    expect(await console.page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe(
      `Details: ${next}`,
    );
    expect(await readJob(fixture.url, id)).toBeNull();
  });
});

describe('a job that was not sent yet', () => {
  const waiting = useConsole({ SEGMIND_RPM: '1' });

  test('can be canceled on its card, and then runs again', async () => {
    const prompt = 'a late train';
    await generate(waiting.url, { prompt: 'the first takes the only call', ...SMALL });
    await generate(waiting.url, { prompt, ...SMALL });
    await using console = await waiting.open();
    const card = console.card(prompt);
    await card.getByRole('button', { name: `Cancel: ${prompt}` }).click();
    await card.getByText('It was canceled').waitFor();
    expect(await card.getByRole('button', { name: `Cancel: ${prompt}` }).count()).toBe(0);
    await card.getByRole('button', { name: `Run again: ${prompt}` }).click();
    await expect.poll(() => console.card(prompt).count()).toBe(2);
  });

  test('says so when it is too late', async () => {
    const prompt = 'a train that left';
    await generate(waiting.url, { prompt, ...SMALL });
    await using console = await waiting.open();
    await console.page.route('**/graphql', (route) => {
      const job = { __typename: 'VideoJob', id: 'vj_1', version: 1 };
      const data = { cancelVideoJob: { __typename: 'CancelVideoJobTooLate', message: 'late', job } };
      return route.request().postData()?.includes('cancelVideoJob(') === true
        ? route.fulfill({ json: { data } })
        : route.continue();
    });
    await console
      .card(prompt)
      .getByRole('button', { name: `Cancel: ${prompt}` })
      .click();
    await notice(console.page).getByText('It is too late to cancel').waitFor();
    expect(await notice(console.page).getAttribute('data-error')).toBe('true');
  });
});

test('a card’s request is copied as a curl command and as a TypeScript program', async () => {
  const prompt = 'a copyist [sandbox:content-block]';
  await make(prompt);
  await using console = await fixture.open();
  await console.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const clipboard = (): Promise<string> => console.page.evaluate('navigator.clipboard.readText()');
  await choose(console, prompt, 'Copy as curl');
  await notice(console.page).getByText(`Copied: the request of “${prompt}”.`).waitFor();
  expect(await clipboard()).toMatch(new RegExp(`^curl -sS '${fixture.url}/graphql'[^]*a copyist`));
  await choose(console, prompt, 'Copy as TypeScript');
  await expect.poll(clipboard).toContain("import { createReelgate } from '@reelgate/client';");
});

describe('the list', () => {
  test('can be limited to a status and to words of the prompt, and stays live', async () => {
    const words = 'a heron over the reeds';
    const failed = `${words} [sandbox:content-block]`;
    await Promise.all([make(words), make(failed), make('an unrelated owl')]);
    await using console = await fixture.open();
    const { page } = console;
    await page.getByLabel('Search prompts').fill('reeds her');
    await console.card('an unrelated owl').waitFor({ state: 'detached' });
    await Promise.all([words, failed].map((prompt) => console.card(prompt).waitFor()));
    await page.getByLabel('Status').selectOption('Failed');
    await console.card(words).waitFor({ state: 'detached' });
    await console.card(failed).waitFor();
    await generate(fixture.url, { prompt: failed, ...SMALL });
    await expect.poll(() => console.card(failed).count()).toBe(2);
    await page.getByLabel('Search prompts').fill('nothing like this');
    await page.getByText('No video matches.').waitFor();
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
    await make('a calendar');
    await using console = await fixture.open();
    const day = console.page.getByRole('region', { name: 'Today' });
    await day.getByRole('article', { name: 'a calendar' }).waitFor();
    expect(await day.locator('.day-head').innerText()).toMatch(/^Today\s+\d+ videos$/);
  });
});

describe('selected videos', () => {
  test('are downloaded as one archive, and only those that have ended are deleted', async () => {
    const prompts = ['a pair of shoes', 'a pair of socks', 'a pair of gloves [sandbox:endless]'] as const;
    const [shoes, socks] = await Promise.all([make(prompts[0]), make(prompts[1])]);
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
  });

  test('a failed deletion is reported, and the others are deleted', async () => {
    const prompts = ['a locked box', 'an open box'];
    const ids = await Promise.all(prompts.map(make));
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
    await notice(page).getByText('1 of 2 were not deleted. The store is locked.').waitFor();
    await console.card(prompts[1] ?? '').waitFor({ state: 'detached' });
    expect(await console.card(prompts[0] ?? '').count()).toBe(1);
  });
});

test('the menu, the selection and the message have no serious accessibility violations', async () => {
  const prompt = 'a doorbell [sandbox:content-block]';
  await make(prompt);
  await using console = await fixture.open();
  const { page } = console;
  await page.getByRole('button', { name: 'Select', exact: true }).click();
  await page.getByLabel(`Select: ${prompt}`).check();
  await console
    .card(prompt)
    .getByRole('button', { name: `Run again: ${prompt}` })
    .click();
  await notice(page).waitFor();
  await console.card(prompt).last().getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('button', { name: 'Share…' }).waitFor();
  expect(await violationsInAllLooks(page)).toEqual([]);
});

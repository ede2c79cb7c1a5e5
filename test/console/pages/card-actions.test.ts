import { beforeAll, describe, expect, test } from 'vitest';
import { violationsInAllLooks } from '../../support/browser/axe.ts';
import { useConsole } from '../../support/browser/console-fixture.ts';
import { ConsolePage } from '../../support/browser/console-page.ts';
import { makeEnded } from '../../support/browser/jobs-of-all-states.ts';
import { generate, readJob } from '../../support/gateway/spawned-gateway.ts';

const fixture = useConsole({ SEGMIND_HISTORY_URL: 'off' });

const SMALL = { resolution: 'R360', videoLength: 1 };

describe('deletion', () => {
  test('asks first, and returns the focus when the user keeps the video', async () => {
    const prompt = 'a vase that is kept';
    const id = await makeEnded(fixture.url, prompt);
    await using console = await fixture.open();
    await console.choose(prompt, 'Delete…');
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
    await makeEnded(fixture.url, next);
    const id = await makeEnded(fixture.url, prompt);
    await using console = await fixture.open();
    await using other = await fixture.open();
    await other.card(prompt).waitFor();
    await console.choose(prompt, 'Delete…');
    await console.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    for (const list of [console, other]) await list.card(prompt).waitFor({ state: 'detached' });
    expect(await console.page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe(
      `Details: ${next}`,
    );
    expect(await readJob(fixture.url, id)).toBeNull();
  });
});

test('after the deletion of a job on its page, the keyboard focus is on the heading that says so', async () => {
  const prompt = 'a vase on a page';
  const id = await makeEnded(fixture.url, prompt);
  await using console = await ConsolePage.open(fixture.browser, `${fixture.url}/jobs/${id}`);
  const { page } = console;
  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('button', { name: 'Delete…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('This video does not exist, or it was deleted.').waitFor();
  expect(await page.evaluate('document.activeElement.textContent')).toBe('No video');
});

describe('a job that was not sent yet', () => {
  const waiting = useConsole({ SEGMIND_RPM: '1' });
  beforeAll(() => generate(waiting.url, { prompt: 'the first takes the only call', ...SMALL }));

  test('can be canceled on its card, and then runs again', async () => {
    const prompt = 'a late train';
    await generate(waiting.url, { prompt, ...SMALL });
    await using console = await waiting.open();
    const card = console.card(prompt);
    await card.getByRole('button', { name: `Cancel: ${prompt}` }).click();
    await card.getByText('It was canceled').waitFor();
    expect(await card.locator('.failure > *').allTextContents()).toEqual([
      'It was canceled',
      'The job was canceled before it was sent to the upstream.',
      'It was not charged.',
    ]);
    expect(await console.page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe(
      `Details: ${prompt}`,
    );
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
    await console.notice.getByText('It is too late to cancel').waitFor();
    expect(await console.notice.getAttribute('data-error')).toBe('true');
  });
});

test('a card’s request is copied as a curl command and as a TypeScript program', async () => {
  const prompt = 'a copyist [sandbox:content-block]';
  await makeEnded(fixture.url, prompt);
  await using console = await fixture.open();
  await console.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const clipboard = (): Promise<string> => console.page.evaluate('navigator.clipboard.readText()');
  await console.choose(prompt, 'Copy as curl');
  await console.notice.getByText(`Copied: the request of “${prompt}”.`).waitFor();
  expect(await clipboard()).toMatch(new RegExp(`^curl -sS '${fixture.url}/graphql'[^]*a copyist`));
  await console.choose(prompt, 'Copy as TypeScript');
  await expect.poll(clipboard).toContain("import { createReelgate } from '@reelgate/client';");
});

test('the menu, the selection and the message have no serious accessibility violations', async () => {
  const prompt = 'a doorbell [sandbox:content-block]';
  await makeEnded(fixture.url, prompt);
  await using console = await fixture.open();
  const { page } = console;
  await page.getByRole('button', { name: 'Select', exact: true }).click();
  await page.getByLabel(`Select: ${prompt}`).check();
  await console
    .card(prompt)
    .getByRole('button', { name: `Run again: ${prompt}` })
    .click();
  await console.notice.waitFor();
  await console.card(prompt).last().getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('button', { name: 'Share…' }).waitFor();
  expect(await violationsInAllLooks(page)).toEqual([]);
});

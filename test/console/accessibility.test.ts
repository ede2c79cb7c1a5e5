import { expect, test } from 'vitest';
import { violationsInAllLooks } from '../support/axe.ts';
import { useConsole } from '../support/console-fixture.ts';
import { makeJobsOfAllStates, PROMPTS } from '../support/jobs-of-all-states.ts';

const fixture = useConsole();

test('the empty page, and the form with its errors, shut nobody out', { timeout: 60_000 }, async () => {
  await using console = await fixture.open();
  await console.page.getByText('No videos yet.').waitFor();
  expect(await violationsInAllLooks(console.page)).toEqual([]);

  await console.page.getByText('More settings').click();
  await console.fillIn({ image: 'ftp://example.com/cat.png', prompt: ' ' });
  await console.generate();
  await console.note.getByText('Please look at what is marked.').waitFor();
  expect(await console.page.locator('[aria-invalid=true]').count()).toBe(2);
  expect(await violationsInAllLooks(console.page)).toEqual([]);
});

test(
  'the list with jobs in every state, and the page of each, shut nobody out',
  { timeout: 60_000 },
  async () => {
    const ids = await makeJobsOfAllStates(fixture.url);
    await using console = await fixture.open();
    for (const prompt of Object.values(PROMPTS)) await console.card(prompt).waitFor();
    expect(await console.page.locator('.badge').allTextContents()).toEqual(
      expect.arrayContaining(['Queued', 'In progress', 'Ready', 'Failed']),
    );
    expect(await violationsInAllLooks(console.page)).toEqual([]);

    for (const id of [ids.inProgress, ids.ready, ids.failedRetryable]) {
      await console.page.goto(`${fixture.url}/jobs/${id}`);
      await console.page.locator('.badge').waitFor();
      expect(await violationsInAllLooks(console.page)).toEqual([]);
    }
  },
);

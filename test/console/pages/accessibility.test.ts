import { expect, test, vi } from 'vitest';
import { violationsInAllLooks } from '../../support/browser/axe.ts';
import { useConsole } from '../../support/browser/console-fixture.ts';
import { generate, readJob, type SeenJob, watchToEnd } from '../../support/gateway/spawned-gateway.ts';

const fixture = useConsole();

test('the empty page and the form with errors have no serious accessibility violations', async () => {
  await using console = await fixture.open();
  await console.page.getByText('No videos yet.').waitFor();
  expect(await violationsInAllLooks(console.page)).toEqual([]);

  await console.page.getByText('More settings').click();
  await console.fillIn({ image: 'ftp://example.com/cat.png', prompt: ' ' });
  await console.generate();
  await console.note.getByText('Correct the marked fields.').waitFor();
  expect(await console.page.locator('[aria-invalid=true]').count()).toBe(2);
  expect(await violationsInAllLooks(console.page)).toEqual([]);
});

test('the list with jobs in every state and their pages have no serious accessibility violations', async () => {
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
});

const SMALL = { resolution: 'R360', videoLength: 1 };

/** Prompts of jobs that stay in the state of their name for the whole test. */
const PROMPTS = {
  queued: 'a queue of ducks [sandbox:down]',
  inProgress: 'a river without an end [sandbox:endless]',
  ready: 'a sunrise',
  failed: 'a fight [sandbox:content-block]',
  failedRetryable: 'a letter [sandbox:lost-answer]',
} as const;

/** Makes a job in each state. The gateway's upstream is the sandbox. @returns their ids */
async function makeJobsOfAllStates(url: string): Promise<Readonly<Record<keyof typeof PROMPTS, string>>> {
  const make = async (prompt: string) => (await generate(url, { ...SMALL, prompt })).id;
  const [queued, inProgress, ready, failed, failedRetryable] = await Promise.all([
    make(PROMPTS.queued),
    make(PROMPTS.inProgress),
    make(PROMPTS.ready),
    make(PROMPTS.failed),
    make(PROMPTS.failedRetryable),
  ]);
  await Promise.all([
    ...[ready, failed, failedRetryable].map((id) => watchToEnd(url, id)),
    reached(url, inProgress, 'PROCESSING'),
  ]);
  return { queued, inProgress, ready, failed, failedRetryable };
}

async function reached(url: string, id: string, status: SeenJob['status']): Promise<void> {
  await vi.waitUntil(async () => (await readJob(url, id))?.status === status, { timeout: 10_000 });
}

import { describe, expect, test } from 'vitest';
import { useConsole } from '../../support/browser/console-fixture.ts';
import { makeEnded } from '../../support/browser/jobs-of-all-states.ts';
import { jobsWith } from '../../support/gateway/generate.ts';
import { generate, watchToEnd } from '../../support/gateway/spawned-gateway.ts';

const fixture = useConsole({ SEGMIND_HISTORY_URL: 'off' });

const SMALL = { resolution: 'R360', videoLength: 1 };

async function seedsOf(prompt: string): Promise<readonly number[]> {
  return (await jobsWith(fixture.url, prompt)).map(({ request }) => request.seed);
}

describe('a job runs again', () => {
  test('from its buttons, with its own seed or a new one, once per double click', async () => {
    const prompt = 'a wave [sandbox:content-block]';
    await makeEnded(fixture.url, prompt);
    await using console = await fixture.open();
    const card = console.card(prompt).last();
    await card.getByRole('button', { name: `Run again with a new seed: ${prompt}` }).dblclick();
    await console.notice.getByText(`Sent again: ${prompt}`).waitFor();
    await expect.poll(() => console.card(prompt).count()).toBe(2);
    const [again = 0, ...seeds] = await seedsOf(prompt);
    expect(seeds).toEqual([42_424_242]);
    expect(again).not.toBe(42_424_242);

    await card.locator('[aria-disabled=true]').first().waitFor({ state: 'detached' });
    await card.getByRole('button', { name: `Run again: ${prompt}` }).dblclick();
    await expect.poll(() => seedsOf(prompt)).toEqual([42_424_242, again, 42_424_242]);
    await console.notice.getByRole('link', { name: 'Watch it' }).click();
    await console.page.getByRole('heading', { name: prompt }).waitFor();
    expect(await console.notice.count()).toBe(0);
  });

  test('from its menu while it is unfinished, and from its page', async () => {
    const prompt = 'a road [sandbox:endless]';
    await generate(fixture.url, { prompt, ...SMALL });
    await using console = await fixture.open();
    await console.choose(prompt, 'Run again, new seed');
    await expect.poll(() => jobsWith(fixture.url, prompt)).toHaveLength(2);
    await console.card(prompt).last().getByRole('link').click();
    await console.page.getByRole('button', { name: `Run again: ${prompt}` }).click();
    await expect.poll(() => jobsWith(fixture.url, prompt)).toHaveLength(3);
  });

  test('also when the job that it made first was deleted', async () => {
    const prompt = 'a wall [sandbox:content-block]';
    await makeEnded(fixture.url, prompt);
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
    await makeEnded(fixture.url, prompt);
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
    await console.notice.getByText('It was not sent again. The queue is full.').waitFor();
    await console.notice.getByRole('button', { name: 'Dismiss' }).click();
    expect(await console.notice.count()).toBe(0);
  });
});

import { describe, expect, test } from 'vitest';
import { useConsole } from '../../support/browser/console-fixture.ts';
import type { ConsolePage } from '../../support/browser/console-page.ts';
import { makeEnded } from '../../support/browser/jobs-of-all-states.ts';
import { jobsWith } from '../../support/gateway/generate.ts';
import { generate, watchToEnd } from '../../support/gateway/spawned-gateway.ts';

const fixture = useConsole({ SEGMIND_HISTORY_URL: 'off', SEGMIND_RPM: '0' });

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

  test('as often as the job that it made failed too, and not while that one runs', async () => {
    const prompt = 'a ladder [sandbox:content-block]';
    await makeEnded(fixture.url, prompt);
    // So high that the list is not scrolled, which would hold new videos back.
    await using console = await fixture.open({ viewport: { width: 1280, height: 2400 } });
    const oldest = console.card(prompt).last();
    for (const count of [2, 3, 4]) {
      await oldest.locator('[aria-disabled=true]').first().waitFor({ state: 'detached' });
      await oldest.getByRole('button', { name: `Run again: ${prompt}` }).dblclick();
      await expect.poll(() => console.card(prompt).getByText('Failed', { exact: true }).count()).toBe(count);
      expect(await jobsWith(fixture.url, prompt)).toHaveLength(count);
    }
  });

  test('once per click, even if its answer is lost and the new job has failed when the page asks again', async () => {
    const prompt = 'a rope bridge [sandbox:content-block]';
    await makeEnded(fixture.url, prompt);
    await using console = await fixture.open();
    const { page } = console;
    const lost = Promise.withResolvers<void>();
    let calls = 0;
    await page.route('**/graphql', async (route) => {
      if (route.request().postData()?.includes('generateVideo(') !== true) return route.continue();
      if (calls++ > 0) return route.continue();
      await route.fetch();
      await console.card(prompt).getByText('Failed', { exact: true }).nth(1).waitFor();
      await route.abort('connectionreset');
      lost.resolve();
    });
    const oldest = console.card(prompt).last();
    await oldest.getByRole('button', { name: `Run again: ${prompt}` }).click();
    await lost.promise;
    await console.notice.getByText(`It was already sent again, and failed: ${prompt}`).waitFor();
    expect(await jobsWith(fixture.url, prompt)).toHaveLength(2);
    // The page shows the failure by now, so this click is a new request.
    await page.reload();
    await console.live();
    await oldest.getByRole('button', { name: `Run again: ${prompt}` }).click();
    await console.notice.getByText(`Sent again: ${prompt}`).waitFor();
    expect(await jobsWith(fixture.url, prompt)).toHaveLength(3);
  });

  test('a new seed whose answer was lost is sent again, also after the own seed was accepted', async () => {
    const prompt = 'a lost rope [sandbox:content-block]';
    await makeEnded(fixture.url, prompt);
    await using console = await fixture.open();
    const { page } = console;
    await page.route('**/graphql', async (route) => {
      if (route.request().postData()?.includes('generateVideo(') !== true) return route.continue();
      await route.fetch();
      return route.abort('connectionreset');
    });
    const oldest = console.card(prompt).last();
    const run = async (name: string): Promise<void> => {
      await oldest.locator('[aria-disabled=true]').first().waitFor({ state: 'detached' });
      await oldest.getByRole('button', { name: `${name}: ${prompt}` }).click();
    };
    await page.clock.install();
    await run('Run again with a new seed');
    await expect.poll(() => seedsOf(prompt)).toHaveLength(2);
    const [made] = await jobsWith(fixture.url, prompt);
    await watchToEnd(fixture.url, made?.id ?? '');
    await page.clock.fastForward('00:11');
    await console.notice.getByText('The gateway can’t be reached now.').waitFor();
    await page.unrouteAll({ behavior: 'wait' });
    await run('Run again');
    await console.notice.getByText(`Sent again: ${prompt}`).waitFor();
    await page.clock.fastForward('00:03');
    await run('Run again with a new seed');
    await console.notice.getByText(`It was already sent again, and failed: ${prompt}`).waitFor();
    expect(await seedsOf(prompt)).toHaveLength(3);
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

describe('a job that was canceled', () => {
  const waiting = useConsole({ SEGMIND_RPM: '1' });

  test('runs again by one new job, however often “Run again” is clicked, in all tabs and after a reload', async () => {
    const prompt = 'a kite';
    await generate(waiting.url, { prompt: 'the first takes the only call', ...SMALL });
    await generate(waiting.url, { prompt, ...SMALL });
    await using first = await waiting.open();
    await using second = await waiting.open();
    const cancel = async (): Promise<void> => {
      await first
        .card(prompt)
        .first()
        .getByRole('button', { name: `Cancel: ${prompt}` })
        .click();
      for (const { card } of [first, second].map((tab) => ({ card: tab.card(prompt).first() }))) {
        await card.getByText('It was canceled').waitFor();
      }
    };
    const runAgain = (tab: ConsolePage): Promise<void> =>
      tab
        .card(prompt)
        .last()
        .getByRole('button', { name: `Run again: ${prompt}` })
        .dblclick();
    await cancel();
    for (const count of [2, 3]) {
      await Promise.all([first, second].map(runAgain));
      for (const tab of [first, second]) {
        await tab.notice.getByRole('link', { name: 'Watch it' }).waitFor();
        await expect.poll(() => tab.card(prompt).count()).toBe(count);
      }
      await first.page.reload();
      await first.live();
      await runAgain(first);
      await first.notice.getByText(`It was already sent again: ${prompt}`).waitFor();
      expect(await jobsWith(waiting.url, prompt)).toHaveLength(count);
      await second.card(prompt).last().locator('[aria-disabled=true]').first().waitFor({ state: 'detached' });
      await first.card(prompt).last().locator('[aria-disabled=true]').first().waitFor({ state: 'detached' });
      await cancel();
    }
  });
});

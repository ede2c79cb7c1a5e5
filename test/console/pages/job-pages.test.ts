import type { Locator } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { PAGE } from '../../../console/src/jobs/page-size.ts';
import { useConsole } from '../../support/browser/console-fixture.ts';
import { ConsolePage } from '../../support/browser/console-page.ts';
import { plays, timeOf } from '../../support/browser/page-files.ts';
import { dataOf } from '../../support/gateway/http.ts';
import { generate, readJob, watchToEnd } from '../../support/gateway/spawned-gateway.ts';
import { TcpProxy } from '../../support/network/tcp-proxy.ts';

// Without the request history, a job whose submission has no response fails at once.
const fixture = useConsole({ SEGMIND_HISTORY_URL: 'off' });

const SMALL = { resolution: 'R360', videoLength: 1 };
const MOTION = [
  ['no-preference', 1],
  ['reduce', 0],
] as const;

/** How many animations run on an element. */
function running(element: Locator): Promise<number> {
  return element.evaluate((node) => {
    const animations: { readonly playState: string }[] = Reflect.get(node, 'getAnimations').call(node);
    return animations.filter(({ playState }) => playState === 'running').length;
  });
}

async function deleteJob(id: string): Promise<void> {
  const { outcome } = await dataOf<{ outcome: unknown }>(
    fixture.url,
    'mutation ($id: ID!) { outcome: deleteVideoJob(id: $id) { __typename } }',
    { id },
  );
  expect(outcome).toEqual({ __typename: 'DeleteVideoJobSuccess' });
}

test('a job made in one tab appears in another tab’s list and on its own page, live to the end', async () => {
  const prompt = 'clouds over the hills [sandbox:slow]';
  await using first = await fixture.open();
  await using second = await fixture.open();
  await first.fillIn({ image: 'https://example.com/hills.png', prompt });
  await first.generate();
  await second.card(prompt).waitFor();

  const page = await ConsolePage.openTab(first, `${fixture.url}/jobs/${await second.idOf(prompt)}`);
  await page.getByRole('heading', { name: prompt }).waitFor();
  const badges = [first.card(prompt), second.card(prompt), page.getByRole('article')].map((place) =>
    place.locator('.badge'),
  );
  for (const status of ['In progress', 'Ready']) {
    await Promise.all(badges.map((badge) => badge.getByText(status).waitFor()));
  }

  await plays(page.locator('video'));
  // The second tab did not ask for the video, so its list does not start it.
  await second.card(prompt).locator('video').waitFor();
  expect(await second.card(prompt).locator('video').getAttribute('autoplay')).toBeNull();
});

test('a finished job’s page shows its video, no page shows a price, and an unknown id says so', async () => {
  const prompt = 'a plain in the sun';
  const { id } = await generate(fixture.url, { prompt, ...SMALL });
  await watchToEnd(fixture.url, id);
  await using console = await ConsolePage.open(fixture.browser, `${fixture.url}/jobs/${id}`);
  const { page } = console;
  await page.locator('video').waitFor();
  expect(await page.locator('.badge').textContent()).toBe('Ready');
  await page.getByText('Nothing: a test video').waitFor();
  expect(await page.locator('.facts').innerText()).not.toContain('$');

  await page.getByRole('link', { name: 'All videos' }).click();
  const video = console.card(prompt).locator('video');
  expect(await timeOf(video)).toBeCloseTo(0, 2);
  await video.evaluate((element) => Reflect.get(element, 'play').call(element));
  await plays(video);
  await console.card(prompt).getByRole('link').click();
  await page.getByRole('heading', { name: prompt }).waitFor();

  await page.goto(`${fixture.url}/jobs/vj_unknown`);
  await page.getByText('This video does not exist, or it was deleted.').waitFor();
  for (const path of ['/', `/jobs/${id}`, '/nothing/here', '/graphql']) {
    await page.goto(fixture.url + path);
    const notice = /^Sandbox:? videos are test pictures, and nothing is charged\.$/i;
    await page.getByRole('note').getByText(notice).waitFor();
  }
});

test('a deleted job’s card and page are gone at once or after the next reconnect, and it is announced', async () => {
  const prompts = ['a lake', 'a pond', 'a puddle', 'a ditch'].map((water) => `${water} that is deleted`);
  const ids = await Promise.all(
    prompts.map(async (prompt) => {
      const { id } = await generate(fixture.url, { prompt, ...SMALL });
      await watchToEnd(fixture.url, id);
      return id;
    }),
  );
  const [lake = '', pond = '', puddle = '', ditch = ''] = ids;
  await using proxy = await TcpProxy.start(Number(new URL(fixture.url).port));
  const url = `http://127.0.0.1:${proxy.port}`;
  await using console = await ConsolePage.open(fixture.browser, url);
  const cards = prompts.map((prompt) => console.card(prompt));
  await Promise.all(cards.map((card) => card.waitFor()));
  const openJob = async (id: string) => {
    const page = await ConsolePage.openTab(console, `${url}/jobs/${id}`);
    await page.locator('video').waitFor();
    // Its first question whether the job exists is answered.
    await page.waitForLoadState('networkidle');
    return page.getByText('This video does not exist, or it was deleted.');
  };

  const lakeMissing = await openJob(lake);
  await deleteJob(lake);
  await lakeMissing.waitFor();
  await cards[0]?.waitFor({ state: 'detached' });
  const words = console.page.getByText(`Deleted: ${prompts[0]}`);
  await words.waitFor({ state: 'attached' });
  expect(await words.getAttribute('aria-live')).toBe('polite');
  expect(await cards[1]?.count()).toBe(1);

  const pondMissing = await openJob(pond);
  // The list that this page reads does not reach back to its job.
  const fillers = Array.from({ length: PAGE }, () => ({ prompt: 'too new [sandbox:content-block]' }));
  await Promise.all(fillers.map((input) => generate(fixture.url, input)));
  const ditchMissing = await openJob(ditch);
  await deleteJob(ditch);
  await ditchMissing.waitFor();
  const puddleMissing = await openJob(puddle);
  proxy.freezeLinks();
  await Promise.all([pond, puddle].map(deleteJob));
  proxy.cut();
  await Promise.all([pondMissing, puddleMissing].map((text) => text.waitFor()));
  await cards[1]?.waitFor({ state: 'detached' });
});

describe('a failed job', () => {
  test('shows what happened, the upstream’s message and the cost', async () => {
    const prompt = 'a crowd [sandbox:content-block]';
    await using console = await fixture.open();
    const card = await console.submitSmall(prompt);
    await card.getByText('Failed').waitFor();
    const failure = card.locator('.failure');
    expect(await failure.locator('> *').allTextContents()).toEqual([
      'The video could not be made',
      expect.stringContaining('the input was flagged as sensitive'),
      'It was not charged.',
    ]);
    for (const name of ['Run again', 'Run again with a new seed'])
      expect(await card.getByRole('button', { name: `${name}: ${prompt}` }).isVisible()).toBe(true);

    await card.getByRole('link').click();
    await console.page.getByRole('heading', { name: prompt }).waitFor();
    // The list stays in the document while a job's page is shown.
    const title = console.page.locator('.job .failure strong');
    expect(await title.textContent()).toBe('The video could not be made');
  });

  test('tells whether it may have been charged', async () => {
    const prompt = 'a kite [sandbox:lost-answer]';
    const { id } = await generate(fixture.url, { prompt });
    await watchToEnd(fixture.url, id);
    await using console = await fixture.open();
    await expect
      .poll(() => console.card(prompt).locator('.failure > *').allTextContents())
      .toEqual([
        'The answer to the submission was lost',
        expect.not.stringContaining('charge'),
        'It may have been charged.',
      ]);
  });
});

describe('motion', () => {
  test.each(MOTION)(
    'with prefers-reduced-motion %s, a progress bar has %i animations',
    async (reducedMotion, animations) => {
      const prompt = `a river without an end, ${reducedMotion} [sandbox:endless]`;
      await generate(fixture.url, { prompt });
      await using console = await fixture.open({ reducedMotion });
      const bar = console.card(prompt).locator('.progress-bar');
      // The estimate appears with the upstream's first status response.
      await console.card(prompt).locator('[aria-valuenow]').waitFor();
      expect(await running(bar)).toBe(animations);
      // The bar shows the progress either way.
      expect(await bar.getAttribute('style')).toMatch(/scaleX\(0\.\d+\)/);
    },
  );

  test('a waiting bar pulses, except with reduced motion', async () => {
    const prompt = 'a waiting room [sandbox:down]';
    await generate(fixture.url, { prompt });
    for (const [reducedMotion, animations] of MOTION) {
      await using console = await fixture.open({ reducedMotion });
      expect(await running(console.card(prompt).getByRole('progressbar'))).toBe(animations);
    }
  });

  test('the video of a job that this tab submitted starts by itself', async () => {
    await using console = await fixture.open();
    const video = (await console.submitSmall('a swing')).locator('video');
    await plays(video);
    expect(await video.getAttribute('autoplay')).toBe('');
  });

  test('with reduced motion no video starts by itself', async () => {
    await using console = await fixture.open({ reducedMotion: 'reduce' });
    const video = (await console.submitSmall('a carousel')).locator('video');
    await video.waitFor();
    await expect.poll(() => video.evaluate((node) => Number(Reflect.get(node, 'readyState')))).toBe(4);
    expect(await video.evaluate((node) => Reflect.get(node, 'paused') === true)).toBe(true);
    expect(await timeOf(video)).toBeCloseTo(0, 2);
  });
});

test('a live region announces a job’s progress to screen readers, each change once', async () => {
  const prompt = 'a violin';
  await using console = await fixture.open();
  const { page } = console;
  await page.evaluate(`
    globalThis.said = [];
    new MutationObserver(() => said.push(document.querySelector('[aria-live]').textContent))
      .observe(document.querySelector('[aria-live]'), { childList: true, characterData: true, subtree: true });
  `);
  await console.submitSmall(prompt);
  const region = page.getByRole('status').filter({ hasText: `The video is ready: ${prompt}` });
  await region.waitFor({ state: 'attached' });
  expect(await region.getAttribute('aria-live')).toBe('polite');
  const said: readonly string[] = await page.evaluate('said');
  expect([said[0], said.at(-1)]).toEqual(['Your video is on its way.', `The video is ready: ${prompt}`]);
  // “In progress” is missing when the job ends between two polls.
  expect(said.slice(1, -1).filter((words) => words !== `In progress: ${prompt}`)).toEqual([]);
  expect(new Set(said).size).toBe(said.length);
});

describe('with SEGMIND_RPM=1', () => {
  const limited = useConsole({ SEGMIND_RPM: '1' });

  test('jobs that wait for the rate limit say so on their cards, with their places and the time, and in the log', async () => {
    await generate(limited.url, { prompt: 'the first takes the only call' });
    const prompt = 'the second waits';
    const { id } = await generate(limited.url, { prompt });
    await using console = await limited.open();
    const card = console.card(prompt);
    await card.getByText(/^Waiting for the rate limit, starts in about \d/).waitFor();
    await generate(limited.url, { prompt: 'the third waits longer' });
    await card.getByText(/^Waiting for the rate limit: 1st of your 2, starts in about \d/).waitFor();
    await console
      .card('the third waits longer')
      .getByText(/: 2nd of your 2, starts in/)
      .waitFor();
    expect(await card.getByRole('progressbar').getAttribute('aria-valuetext')).toContain('rate limit');
    expect(await readJob(limited.url, id)).toMatchObject({ status: 'QUEUED', version: 2 });
    expect(limited.output()).toContain('jobs are waiting for the rate limit');
  });
});

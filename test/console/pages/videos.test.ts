import type { Locator } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { useConsole } from '../../support/browser/console-fixture.ts';
import { ConsolePage } from '../../support/browser/console-page.ts';
import { isEnded, plays, timeOf } from '../../support/browser/page-files.ts';
import { generate, watchToEnd } from '../../support/gateway/spawned-gateway.ts';

const fixture = useConsole();

const PROMPT = 'a fountain in the park';
const OTHER = 'a market in the rain';
let id: string;

beforeAll(async () => {
  [id = ''] = await Promise.all([PROMPT, OTHER].map(makeVideo));
});

async function makeVideo(prompt: string): Promise<string> {
  const job = await generate(fixture.url, { prompt, resolution: 'R360', videoLength: 1 });
  await watchToEnd(fixture.url, job.id);
  return job.id;
}

function isPaused(video: Locator): Promise<boolean> {
  return video.evaluate((element) => Reflect.get(element, 'paused') === true);
}

/** Waits until a video stands at a time. */
async function stands(video: Locator, seconds: number): Promise<void> {
  await expect.poll(() => isPaused(video)).toBe(true);
  await expect.poll(() => timeOf(video)).toBeCloseTo(seconds, 1);
}

/** Waits until a frame of the video can be seen. */
async function isShown(video: Locator): Promise<void> {
  await expect
    .poll(() => video.evaluate((element) => Number(Reflect.get(element, 'readyState'))))
    .toBeGreaterThan(1);
}

describe('a video in the list', () => {
  test('shows its first frame, with no bar over it, and plays while the mouse is on it', async () => {
    await using console = await fixture.open();
    const card = console.card(PROMPT);
    const video = card.locator('video');
    await isShown(video);
    await stands(video, 0);
    expect(
      await video.evaluate((element) => [Reflect.get(element, 'controls'), Reflect.get(element, 'poster')]),
    ).toEqual([false, '']);
    await card.locator('.media').hover();
    await plays(video);
    await card.getByRole('button', { name: `Pause: ${PROMPT}` }).waitFor();
    await console.card(OTHER).getByRole('heading').hover();
    await stands(video, 0);
    await card.getByRole('button', { name: `Play: ${PROMPT}` }).waitFor();
  });

  test('plays while the keyboard is on it, and a key pauses it', async () => {
    await using console = await fixture.open();
    const video = console.card(OTHER).locator('video');
    await isShown(video);
    await console.card(OTHER).locator('.preview-button').focus();
    await console.page.keyboard.press('Tab');
    await console.page.keyboard.press('Shift+Tab');
    await plays(video);
    await console.page.keyboard.press('Space');
    await expect.poll(() => isPaused(video)).toBe(true);
    await console.page.keyboard.press('Space');
    await plays(video);
    await console.page.keyboard.press('Tab');
    await stands(video, 0);
  });

  test('with reduced motion plays after a click only', async () => {
    await using console = await fixture.open({ reducedMotion: 'reduce' });
    const video = console.card(PROMPT).locator('video');
    await isShown(video);
    await console.card(PROMPT).locator('.media').hover();
    await console.card(PROMPT).locator('.preview-button').focus();
    await stands(video, 0);
    expect(await video.getAttribute('autoplay')).toBeNull();
    await console.card(PROMPT).locator('.media').click();
    await plays(video);
  });

  test('plays and pauses by taps, and pauses when it is scrolled away', async () => {
    await using console = await fixture.open({ viewport: { width: 390, height: 844 }, hasTouch: true });
    const media = console.card(PROMPT).locator('.media');
    const video = media.locator('video');
    await media.scrollIntoViewIfNeeded();
    await isShown(video);
    await media.tap();
    await plays(video);
    await media.tap();
    await expect.poll(() => isPaused(video)).toBe(true);
    await media.tap();
    await plays(video);
    await console.page.evaluate('scrollTo(0, 0)');
    await expect.poll(() => isPaused(video)).toBe(true);
    await media.scrollIntoViewIfNeeded();
    await plays(video);
  });

  test('is not loaded before it is near the window', async () => {
    await using console = await fixture.open({ viewport: { width: 390, height: 300 } });
    const video = console.card(PROMPT).locator('video');
    await video.waitFor();
    expect(await video.getAttribute('preload')).toBe('none');
    await video.scrollIntoViewIfNeeded();
    await isShown(video);
  });
});

test('on its page a video that the user starts plays again and again, and has its controls below it', async () => {
  await using console = await ConsolePage.open(fixture.browser, `${fixture.url}/jobs/${id}`);
  const { page } = console;
  const video = page.locator('video');
  const controls = page.getByRole('group', { name: 'Playback' });
  await isShown(video);
  expect(await video.evaluate((element) => Reflect.get(element, 'controls'))).toBe(false);
  await controls.getByRole('button', { name: 'Play', exact: true }).click();
  await plays(video);
  // It starts again after its end.
  await expect.poll(() => timeOf(video)).toBeGreaterThan(0.6);
  await expect.poll(() => timeOf(video)).toBeLessThan(0.4);
  await controls.getByRole('button', { name: 'Pause' }).click();
  await expect.poll(() => isPaused(video)).toBe(true);

  const slider = controls.getByRole('slider', { name: 'Time' });
  await slider.press('Home');
  await stands(video, 0);
  await slider.press('ArrowRight');
  await slider.press('ArrowRight');
  await expect.poll(() => timeOf(video)).toBeCloseTo(2 / 16, 2);
  await expect.poll(() => slider.getAttribute('aria-valuetext')).toMatch(/^0\.1 of 1\.\d seconds$/);
  const under = (await controls.boundingBox())?.y ?? 0;
  const box = await video.boundingBox();
  expect(under).toBeGreaterThanOrEqual((box?.y ?? Infinity) + (box?.height ?? 0));

  await controls.getByRole('button', { name: 'Full screen' }).click();
  await expect.poll(() => page.evaluate('document.fullscreenElement?.tagName')).toBe('VIDEO');
});

describe('a video that starts by itself', () => {
  test('plays once in the list, then offers to play again', async () => {
    const prompt = 'a comet';
    await using console = await fixture.open();
    const card = await console.submitSmall(prompt);
    const video = card.locator('video');
    await endsAndStays(video);
    const again = card.getByRole('button', { name: `Play again: ${prompt}` });
    await again.focus();
    await again.press('Enter');
    await plays(video);
    // What the user starts is repeated.
    await expect.poll(() => timeOf(video)).toBeGreaterThan(0.6);
    await expect.poll(() => timeOf(video)).toBeLessThan(0.4);
    await card.getByRole('button', { name: `Pause: ${prompt}` }).waitFor();
  });

  test('plays once on its page, then offers to play again', async () => {
    const { id: slow } = await generate(fixture.url, {
      prompt: 'a meteor [sandbox:slow]',
      resolution: 'R360',
      videoLength: 1,
    });
    await using console = await ConsolePage.open(fixture.browser, `${fixture.url}/jobs/${slow}`);
    const video = console.page.locator('video');
    await endsAndStays(video);
    await console.page.getByRole('button', { name: 'Play again', exact: true }).click();
    await plays(video);
    await console.page.getByRole('button', { name: 'Pause' }).waitFor();
    expect(await console.page.getByRole('button', { name: 'Play again' }).count()).toBe(0);
  });
});

/** Waits until a video has come to its end; it must stay there. */
async function endsAndStays(video: Locator): Promise<void> {
  await expect.poll(() => isEnded(video)).toBe(true);
  // It would start again in the task that reports its end; a second look after some frames sees that.
  await video.evaluate(
    () => new Promise((done) => Reflect.get(globalThis, 'setTimeout').call(globalThis, done, 300)),
  );
  expect(await isEnded(video)).toBe(true);
}

import { expect, test } from 'vitest';
import { useConsole } from '../support/browser/console-fixture.ts';
import { jobsWith } from '../support/gateway/generate.ts';
import { generate, watchToEnd } from '../support/gateway/spawned-gateway.ts';

// Without a request history a lost answer fails a job at once.
const fixture = useConsole({ SEGMIND_HISTORY_URL: 'off' });

test('a failed job says what happened, in the upstream’s words too, and what it cost', async () => {
  const prompt = 'a crowd [sandbox:content-block]';
  await using console = await fixture.open();
  await console.fillIn({ image: 'https://example.com/crowd.png', prompt });
  await console.generate();
  const card = console.card(prompt);
  await card.getByText('Failed').waitFor();
  const failure = card.locator('.failure');
  expect(await failure.locator('> *').allTextContents()).toEqual([
    'The video could not be made',
    expect.stringContaining('the input was flagged as sensitive'),
    'It was not charged.',
  ]);
  // The same input would fail again.
  expect(await card.getByRole('button').count()).toBe(0);

  await card.getByRole('link').click();
  await console.page.getByRole('heading', { name: prompt }).waitFor();
  expect(await console.page.locator('.failure strong').textContent()).toBe('The video could not be made');
});

test('“Try again” makes one job, however often it is pressed and in however many tabs', async () => {
  const prompt = 'a kite [sandbox:lost-answer]';
  const { id } = await generate(fixture.url, { prompt });
  await watchToEnd(fixture.url, id);
  await using first = await fixture.open();
  await using second = await fixture.open();
  const buttons = [first, second].map((console) =>
    console.card(prompt).getByRole('button', { name: 'Try again' }),
  );
  expect(await first.card(prompt).locator('.failure > *').allTextContents()).toEqual([
    'The answer to the submission was lost',
    expect.any(String),
    'It may have been charged.',
  ]);
  await Promise.all(buttons.map((button) => button.dblclick()));
  for (const console of [first, second]) {
    await console.card(prompt).getByRole('link', { name: 'See how it goes' }).waitFor();
    // The new one is lost as well: then both are failed.
    await console.card(prompt).getByText('Failed').nth(1).waitFor();
    expect(await console.card(prompt).count()).toBe(2);
  }
  expect(await jobsWith(fixture.url, prompt)).toHaveLength(2);
});

import { expect, test } from 'vitest';
import { useConsole } from '../../support/browser/console-fixture.ts';
import type { ConsolePage } from '../../support/browser/console-page.ts';
import { jobsWith } from '../../support/gateway/generate.ts';
import { dataOf } from '../../support/gateway/http.ts';

const fixture = useConsole();

const IMAGE = 'https://example.com/cat.png';

async function seedOf({ seedField }: ConsolePage): Promise<number> {
  return Number(await seedField.inputValue());
}

async function seedsOf(prompt: string): Promise<readonly number[]> {
  const jobs = await jobsWith(fixture.url, prompt);
  return jobs.map(({ request }) => request.seed).toSorted((one, other) => one - other);
}

test('each video has a random seed, shown before it is sent', async () => {
  const prompt = 'a dice rolls';
  await using console = await fixture.open();
  await console.submitSmall(prompt, IMAGE);
  await console.note.getByText('Your video').waitFor();
  const [first] = await seedsOf(prompt);
  await expect.poll(() => seedOf(console)).not.toBe(first);
  const second = await seedOf(console);
  await console.generate();
  await expect.poll(() => seedsOf(prompt)).toHaveLength(2);
  expect(new Set(await seedsOf(prompt))).toEqual(new Set([first, second]));
});

test('a typed seed stays, until it is made random again', async () => {
  const prompt = 'a coin falls';
  await using console = await fixture.open();
  const { page } = console;
  await console.fillIn({ image: IMAGE, prompt });
  await console.chooseSmallest();
  await console.seedField.fill('1234');
  expect(await page.getByLabel('Keep for the next video').isChecked()).toBe(true);
  await console.generate();
  // At first the same request is a double click.
  const jobs = async (): Promise<number> => {
    await console.generate();
    return (await seedsOf(prompt)).length;
  };
  await expect.poll(jobs).toBe(2);
  expect(await seedsOf(prompt)).toEqual([1234, 1234]);
  await page.getByRole('button', { name: 'Random' }).click();
  expect(await seedOf(console)).not.toBe(1234);
  expect(await page.getByLabel('Keep for the next video').isChecked()).toBe(false);
});

test('variations have consecutive seeds, and a double click makes none twice', async () => {
  const prompt = 'a fan of cards';
  await using console = await fixture.open();
  const { page } = console;
  await console.fillIn({ image: IMAGE, prompt });
  await console.chooseSmallest();
  await page.getByRole('radio', { name: '3', exact: true }).check();
  await console.seedField.fill('70');
  await page.getByText('The variations have the seeds 70 to 72.').waitFor();
  expect(await console.generateButton.textContent()).toBe('Generate 3 videos');
  await console.generateButton.dblclick();
  await console.note.getByText('Your 3 videos').waitFor();
  await console.generate();
  await console.note.getByText(/These 3 videos .* already/).waitFor();
  expect(await seedsOf(prompt)).toEqual([70, 71, 72]);
  await console.note.getByText('These 3 videos are ready already.').waitFor();
});

test('the note of a failed video leads to the reason', async () => {
  await using console = await fixture.open();
  await console.submitSmall('a locked door [sandbox:refused]', IMAGE);
  await console.note.getByText('Your video failed.').waitFor();
  await console.note.getByRole('link', { name: 'See why' }).click();
  const reason = console.page.locator('.job-foot').getByText('The input was refused');
  await expect.poll(() => reason.isVisible()).toBe(true);
});

test('an image URL that does not load is sent only when the user says so', async () => {
  const prompt = 'a picture that does not load';
  await using console = await fixture.open();
  await console.fillIn({ image: `${fixture.url}/nothing.png`, prompt });
  await console.chooseSmallest();
  await console.generate();
  await console.note.getByText('No image loads from this URL in your browser.').waitFor();
  expect(await jobsWith(fixture.url, prompt)).toEqual([]);
  expect(await console.generateButton.textContent()).toBe('Generate anyway');
  // Another URL is tried again.
  await console.fillIn({ image: `${fixture.url}/other.png` });
  expect(await console.generateButton.textContent()).toBe('Generate video');
  await console.generate();
  await console.generateButton.getByText('Generate anyway').click();
  await console.note.getByText('Your video').waitFor();
  expect(await jobsWith(fixture.url, prompt)).toMatchObject([
    { request: { image: `${fixture.url}/other.png` } },
  ]);
});

test('a request whose video was deleted is refused with words at the form, and another seed makes a new video', async () => {
  const prompt = 'a sandcastle in the tide';
  await using console = await fixture.open();
  const { page } = console;
  // The request arrives, and the page never gets the answer.
  await page.route('**/graphql', async (route) => {
    if (route.request().postData()?.includes('generateVideo(') !== true) return route.continue();
    await route.fetch();
    return route.abort();
  });
  await console.submitSmall(prompt, IMAGE);
  const isReady = async () => (await jobsWith(fixture.url, prompt))[0]?.status === 'COMPLETED';
  await expect.poll(isReady).toBe(true);
  await page.locator('.submit-row').getByRole('button', { name: 'Cancel' }).click();
  await console.note.getByText('Canceled.').waitFor();
  await page.unrouteAll({ behavior: 'wait' });
  const id = (await jobsWith(fixture.url, prompt))[0]?.id;
  await dataOf(fixture.url, 'mutation ($id: ID!) { deleteVideoJob(id: $id) { __typename } }', { id });
  expect(await seedsOf(prompt)).toEqual([]);

  await console.generate();
  await expect
    .poll(() => page.locator('.new-job .field-error').allTextContents())
    .toEqual(['The video of this request was deleted. Change the prompt or the seed to make another one.']);
  expect(await seedsOf(prompt)).toEqual([]);
  await page.getByRole('button', { name: 'Random' }).click();
  await console.generate();
  await console.note.getByText('Your video').waitFor();
  expect(await seedsOf(prompt)).toHaveLength(1);
});

test('an upload shows its percentage and can be canceled', async () => {
  const prompt = 'a heavy picture';
  await using console = await fixture.open();
  const { page } = console;
  await page.getByRole('button', { name: 'Use a sample image' }).click();
  await console.imageField.getByText('sample.png').waitFor();
  await console.fillIn({ prompt });
  await console.chooseSmallest();
  const session = await page.context().newCDPSession(page);
  const limit = { offline: false, latency: 0, downloadThroughput: -1 };
  await session.send('Network.emulateNetworkConditions', { ...limit, uploadThroughput: 30_000 });
  await console.generate();
  await expect.poll(() => console.generateButton.textContent()).toMatch(/^Uploading… [1-9]\d* %$/);
  await page.locator('.submit-row').getByRole('button', { name: 'Cancel' }).click();
  await console.note.getByText('Canceled. Nothing was sent.').waitFor();
  expect(await console.generateButton.textContent()).toBe('Generate video');

  await session.send('Network.emulateNetworkConditions', { ...limit, uploadThroughput: -1 });
  await console.generate();
  await console.note.getByText('Your video').waitFor();
  expect(await jobsWith(fixture.url, prompt)).toHaveLength(1);
});

test('a prompt of Arabic letters is written from the right, and one of 2,000 letters is sent whole', async () => {
  await using console = await fixture.open();
  const prompt = console.page.getByLabel('Prompt', { exact: true });
  const direction = () => prompt.evaluate((element) => getComputedStyle(element).direction);
  await prompt.fill('موجة كبيرة');
  expect(await direction()).toBe('rtl');
  await prompt.fill('a big wave');
  expect(await direction()).toBe('ltr');

  const long = 'wave '.repeat(400).trim();
  await console.submitSmall(`${long}!`, IMAGE);
  await console.note.getByText('Your video').waitFor();
  expect(await jobsWith(fixture.url, `${long}!`)).toHaveLength(1);
  await console.fillIn({ prompt: `${long}!!` });
  await console.generate();
  await console.page.locator('.field-error').getByText('at most 2,000 characters; it has 2,001.').waitFor();
  expect(await jobsWith(fixture.url, `${long}!!`)).toEqual([]);
});

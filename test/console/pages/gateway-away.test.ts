import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser, type TestBrowser } from '../../support/browser/browser.ts';
import { ConsolePage } from '../../support/browser/console-page.ts';
import { plays } from '../../support/browser/page-files.ts';
import { jobsWith } from '../../support/gateway/generate.ts';
import {
  generate,
  type SpawnedGateway,
  spawnGateway,
  watchToEnd,
} from '../../support/gateway/spawned-gateway.ts';
import { freePort } from '../../support/network/ports.ts';
import { TcpProxy } from '../../support/network/tcp-proxy.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const resources = new AsyncDisposableStack();
let browser: TestBrowser;

beforeAll(async () => {
  browser = resources.use(await launchBrowser());
});

afterAll(() => resources.disposeAsync());

/** Starts gateways one after the other on one data folder, by default on the same port. */
async function gateways(speed: string) {
  const folder = tempFolder();
  const port = await freePort();
  const start = (at = port) =>
    spawnGateway({ DATA_DIR: folder.path, SANDBOX_SPEED: speed, PORT: String(at) });
  return { start, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

async function killed(gateway: SpawnedGateway): Promise<void> {
  gateway.kill('SIGKILL');
  await gateway.exited;
}

/** A live page with a mark that a reload would remove. */
async function markedPage(url: string): Promise<ConsolePage> {
  const console = await ConsolePage.open(browser, url);
  await console.page.evaluate('globalThis.marked = true');
  return console;
}

async function isMarked({ page }: ConsolePage): Promise<boolean> {
  return (await page.evaluate('globalThis.marked')) === true;
}

test('when the gateway is killed during a job and restarts, the page reconnects and shows the video', async () => {
  const prompt = 'a train crosses a bridge';
  using data = await gateways('2.5');
  await using first = await data.start();
  await using console = await markedPage(first.url);
  await console.fillIn({ image: 'https://example.com/train.png', prompt });
  await console.generate();
  await console.card(prompt).getByText('In progress').waitFor();

  await killed(first);
  await console.connection('Reconnecting…');
  const card = console.card(prompt);
  await card.getByText('No connection to the gateway: the progress is unknown.').waitFor();
  const animations = await card
    .locator('.progress-bar')
    .evaluate((bar) => Reflect.get(bar, 'getAnimations').call(bar).length);
  expect(animations).toBe(0);
  await using second = await data.start();
  await console.live();
  await console.card(prompt).getByText('Ready').waitFor();
  await plays(console.card(prompt).locator('video'));
  expect(await console.card(prompt).count()).toBe(1);
  expect(await jobsWith(second.url, prompt)).toHaveLength(1);
  expect(await isMarked(console)).toBe(true);
});

test('a video that could not be loaded while the gateway was away is loaded after the reconnect', async () => {
  const prompt = 'a heron on a lake';
  using data = await gateways('20');
  await using first = await data.start();
  const { id } = await generate(first.url, { prompt });
  await watchToEnd(first.url, id);
  await using console = await ConsolePage.open(browser, first.url);
  const card = console.card(prompt);
  await card.locator('video').waitFor();

  await killed(first);
  await console.connection('Reconnecting…');
  await card.getByRole('link', { name: `Details: ${prompt}` }).click();
  await card.getByText('The video can’t be loaded now, or it no longer exists.').waitFor();
  await using second = await data.start();
  await console.live();
  await card.getByRole('button', { name: 'Play', exact: true }).click();
  await plays(card.locator('video'));
  expect(await jobsWith(second.url, prompt)).toHaveLength(1);
});

test('after a reconnect the list has the jobs made meanwhile, and a request submitted offline makes one job', async () => {
  const madeMeanwhile = 'a fox in the snow';
  const submittedOffline = 'a fox in the rain';
  using data = await gateways('20');
  await using first = await data.start();
  await using console = await markedPage(first.url);
  await killed(first);
  await console.connection('Reconnecting…');

  await using elsewhere = await data.start(0);
  const { id } = await generate(elsewhere.url, { prompt: madeMeanwhile, resolution: 'R360', videoLength: 1 });
  await watchToEnd(elsewhere.url, id);
  await killed(elsewhere);

  await console.fillIn({ image: 'https://example.com/fox.png', prompt: submittedOffline });
  await console.chooseSmallest();
  await console.generateButton.dblclick();
  await expect.poll(() => console.generateButton.textContent()).toBe('Waiting for the gateway…');
  expect(await console.card(madeMeanwhile).count()).toBe(0);

  await using last = await data.start();
  // The browser reports that the network is back, so the page does not wait for its backoff.
  await console.page.evaluate("globalThis.dispatchEvent(new Event('online'))");
  await console.live();
  await console.card(madeMeanwhile).getByText('Ready').waitFor();
  await console.note.getByText(/^Your video/).waitFor();
  await console.card(submittedOffline).getByText('Ready').waitFor();
  expect(await console.cards.count()).toBe(2);
  expect(await jobsWith(last.url, submittedOffline)).toHaveLength(1);
  expect(await isMarked(console)).toBe(true);
});

test('a request whose response was lost with the connection is sent again and makes one job', async () => {
  const prompt = 'a paper boat';
  using folder = tempFolder();
  await using gateway = await spawnGateway({ DATA_DIR: folder.path, SANDBOX_SPEED: '20' });
  await using proxy = await TcpProxy.start(Number(new URL(gateway.url).port));
  await using console = await markedPage(`http://127.0.0.1:${proxy.port}`);
  await console.fillIn({ image: 'https://example.com/boat.png', prompt });
  await console.chooseSmallest();
  proxy.dropAnswers();
  await console.generate();
  await expect.poll(() => jobsWith(gateway.url, prompt)).toHaveLength(1);
  expect(await console.card(prompt).count()).toBe(0);

  proxy.cut();
  await console.note.getByText(/^Your video/).waitFor();
  await console.card(prompt).getByText('Ready').waitFor();
  expect(await console.card(prompt).count()).toBe(1);
  expect(await jobsWith(gateway.url, prompt)).toHaveLength(1);
  expect(await isMarked(console)).toBe(true);
});

test('actions of the list end with a message when the gateway is away, and do not happen later', async () => {
  const prompt = 'a tram at night';
  using data = await gateways('20');
  await using first = await data.start();
  const { id } = await generate(first.url, { prompt, resolution: 'R360', videoLength: 1 });
  await watchToEnd(first.url, id);
  await using console = await markedPage(first.url);
  const { page } = console;
  await console.card(prompt).getByText('Ready').waitFor();
  await killed(first);
  await console.connection('Reconnecting…');
  await page.clock.install();
  const message = page.getByRole('region', { name: 'Message' });
  await console
    .card(prompt)
    .getByRole('button', { name: `Run again: ${prompt}` })
    .click();
  await page.clock.fastForward('00:11');
  await message
    .getByText(/The gateway can’t be reached now\. .* If the gateway received the request nevertheless/)
    .waitFor();
  await message.getByRole('button', { name: 'Dismiss' }).click();

  await console.card(prompt).getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('button', { name: 'Delete…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.clock.fastForward('00:11');
  await message.getByText('It was not deleted. The gateway can’t be reached now.').waitFor();

  await using last = await data.start();
  await page.clock.fastForward('00:11');
  await console.live();
  expect(await jobsWith(last.url, prompt)).toMatchObject([{ id }]);
});

test('a request that waits for the gateway can be canceled: then it is never sent', async () => {
  const prompt = 'a boat that stays in the harbour';
  using data = await gateways('20');
  await using first = await data.start();
  await using console = await markedPage(first.url);
  await killed(first);
  await console.connection('Reconnecting…');
  await console.fillIn({ image: 'https://example.com/boat.png', prompt });
  await console.chooseSmallest();
  await console.generate();
  await expect.poll(() => console.generateButton.textContent()).toBe('Waiting for the gateway…');
  await console.page.locator('.submit-row').getByRole('button', { name: 'Cancel' }).click();
  await console.note.getByText(/^Canceled\./).waitFor();
  expect(await console.generateButton.textContent()).toBe('Generate video');

  await using second = await data.start();
  await console.page.evaluate("globalThis.dispatchEvent(new Event('online'))");
  await console.live();
  const other = 'a boat that leaves';
  await console.fillIn({ prompt: other });
  await console.generate();
  await console.card(other).waitFor();
  expect(await jobsWith(second.url, prompt)).toEqual([]);
});

test('a request whose response was lost is the same request after a reload of the page', async () => {
  const prompt = 'a paper crane';
  using folder = tempFolder();
  await using gateway = await spawnGateway({ DATA_DIR: folder.path, SANDBOX_SPEED: '20' });
  await using proxy = await TcpProxy.start(Number(new URL(gateway.url).port));
  await using console = await ConsolePage.open(browser, `http://127.0.0.1:${proxy.port}`);
  await console.page.locator('input[type=file]').setInputFiles('console/src/assets/sample.png');
  await console.fillIn({ prompt });
  await console.chooseSmallest();
  // The upload is answered; the job is not.
  await console.page.route('**/graphql', async (route) => {
    if (route.request().postData()?.includes('generateVideo') === true) proxy.dropAnswers();
    await route.continue();
  });
  await console.generate();
  await expect.poll(() => jobsWith(gateway.url, prompt)).toHaveLength(1);

  await console.page.unroute('**/graphql');
  // The page must not send it again before it is left.
  const { page } = console;
  const url = page.url();
  await page.goto('about:blank');
  proxy.cut();
  await page.goto(url);
  await console.live();
  await console.generate();
  await console.note.getByText(/^Your video/).waitFor();
  expect(await jobsWith(gateway.url, prompt)).toHaveLength(1);
});

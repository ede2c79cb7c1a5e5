import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { startSandbox } from '@reelgate/sandbox';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { violationsInAllLooks } from '../../support/browser/axe.ts';
import { useConsole } from '../../support/browser/console-fixture.ts';
import { ConsolePage } from '../../support/browser/console-page.ts';
import { plays } from '../../support/browser/page-files.ts';
import { answerOf, postBody } from '../../support/gateway/http.ts';
import { freePort } from '../../support/network/ports.ts';

const SECRET = 'a secret of the tests, long enough for HS256';
/** The upstream starts when the shared page is open, so until then its job is queued, even on a slow machine. */
const upstreamPort = await freePort();
const fixture = useConsole({
  AUTH_JWT_SECRET: SECRET,
  SEGMIND_API_KEY: 'SG_test',
  SEGMIND_BASE_URL: `http://127.0.0.1:${upstreamPort}`,
  SEGMIND_HISTORY_URL: 'off',
  SEGMIND_RPM: '0',
});

const PROMPT = 'a swan that is shared';
const OTHER = 'a goose that is not';
const resources = new AsyncDisposableStack();
afterAll(() => resources.disposeAsync());

/** The token of the owner. */
let owner: string;

beforeAll(async () => {
  owner = await new SignJWT({ scope: 'video:generate video:read' })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject('ada')
    .setExpirationTime('5m')
    .sign(new TextEncoder().encode(SECRET));
  await Promise.all([PROMPT, OTHER].map(make));
});

/** Runs an operation as the owner. */
async function asOwner<T>(query: string, variables: object): Promise<T | null | undefined> {
  const body = JSON.stringify({ query, variables });
  const { text } = await postBody(fixture.url, body, { authorization: `Bearer ${owner}` });
  return answerOf<T>(text).data;
}

async function make(prompt: string): Promise<void> {
  const image = 'https://example.com/swan.png';
  await asOwner('mutation ($input: GenerateVideoInput!) { generateVideo(input: $input) { __typename } }', {
    input: { image, prompt, resolution: 'R360', videoLength: 1 },
  });
}

/** The owner's page, signed in. */
async function openOwner(): Promise<ConsolePage> {
  const console = await ConsolePage.openWithoutWaiting(fixture.browser, fixture.url);
  await console.page.getByLabel('Token').fill(owner);
  await console.page.getByRole('button', { name: 'Sign in' }).click();
  await console.live();
  return console;
}

/** Creates a link to a job on its card. */
async function share(console: ConsolePage, prompt: string): Promise<string> {
  await console.card(prompt).getByRole('button', { name: 'More actions' }).click();
  await console.page.getByRole('button', { name: 'Share…' }).click();
  const dialog = console.page.getByRole('dialog', { name: 'Share this video' });
  await dialog.getByText('It works until').waitFor();
  const link = await dialog.getByLabel('Link').inputValue();
  await dialog.getByRole('button', { name: 'Close' }).click();
  return link;
}

/** A proxy to the gateway that keeps the first line of each request, as a server's log does. */
async function recordingProxy() {
  const lines: string[] = [];
  const server: Server = createServer((client) => {
    const target = connect(Number(new URL(fixture.url).port), '127.0.0.1');
    client.on('data', (bytes) => {
      lines.push(...(bytes.toString('latin1').match(/^(?:[A-Z]+ \S+ HTTP\/1\.1|referer: .*)$/gim) ?? []));
    });
    client.on('error', () => target.destroy());
    target.on('error', () => client.destroy());
    client.pipe(target).pipe(client);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    lines,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}

test('a shared link shows its video to anyone, live to the end, and nothing else', async () => {
  await using console = await openOwner();
  const link = await share(console, PROMPT);
  await using proxy = await recordingProxy();
  await using opened = await fixture.browser.open();
  const { page } = opened;
  await page.goto(link.replace(fixture.url, proxy.url));
  await page.getByRole('heading', { name: PROMPT }).waitFor();
  await page.getByText('Queued', { exact: true }).waitFor();
  resources.use(await startSandbox({ folder: fixture.folder, port: upstreamPort, speed: 4 }));
  await page.getByText('Ready', { exact: true }).waitFor();
  await plays(page.locator('video'));
  expect(await page.getByRole('link').allTextContents()).toEqual(['https://example.com/swan.png']);
  expect(await page.getByRole('button', { name: /Run again|New seed|Cancel|More actions/ }).count()).toBe(0);
  expect(await violationsInAllLooks(page)).toEqual([]);

  const token = new URLSearchParams(new URL(link).hash.slice(1)).get('token') ?? '';
  expect(token.length).toBeGreaterThan(20);
  expect(proxy.lines.length).toBeGreaterThan(3);
  expect(proxy.lines.filter((line) => line.includes(token))).toEqual([]);
  expect(fixture.output()).not.toContain(token);
  // It survives a reload, and it is not stored for other pages.
  await page.reload();
  await page.locator('video').waitFor();
  await page.goto(proxy.url);
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  const answer = await postBody(fixture.url, '{"query":"{ videoJobs { nodes { id } } }"}', {
    authorization: `Bearer ${token}`,
  });
  expect(answerOf(answer.text).errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
});

test('a link with a wrong token, or to a deleted video, says that it has expired', async () => {
  await using console = await openOwner();
  const link = await share(console, OTHER);
  await using opened = await fixture.browser.open();
  const { page } = opened;
  const message = page.getByText('The link has expired, or the video was deleted.');
  await page.goto(link.replace(/.{10}$/, 'AAAAAAAAAA'));
  await message.waitFor();
  expect(await page.getByRole('heading', { name: 'Sign in' }).count()).toBe(0);
  // A new link to the same job differs in its fragment only.
  await page.goto(link);
  await page.getByRole('heading', { name: OTHER }).waitFor();

  const id = new URL(link).pathname.split('/').at(-1);
  // It may have ended already.
  await asOwner('mutation ($id: ID!) { cancelVideoJob(id: $id) { __typename } }', { id });
  await console
    .card(OTHER)
    .locator('.badge')
    .getByText(/Ready|Failed/)
    .waitFor();
  await asOwner('mutation ($id: ID!) { deleteVideoJob(id: $id) { __typename } }', { id });
  await page.goto('about:blank');
  await page.goto(link);
  await message.waitFor();
});

test('the dialog copies the link, and has no serious accessibility violations', async () => {
  await using console = await openOwner();
  const { page } = console;
  await console.card(PROMPT).getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('button', { name: 'Share…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Copy link' }).click();
  await dialog.getByRole('button', { name: 'Copied' }).waitFor();
  const link = await dialog.getByLabel('Link').inputValue();
  expect(await violationsInAllLooks(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await page.getByLabel('Search prompts').focus();
  await page.keyboard.press('ControlOrMeta+V');
  expect(await page.getByLabel('Search prompts').inputValue()).toBe(link.slice(0, 200));
});

test('a shared page of an origin that is not allowed says that, not that its link has expired', async () => {
  await using opened = await fixture.browser.open();
  const { page } = opened;
  const reason = 'This origin is not allowed.';
  // As behind a proxy that replaces the Host header.
  await page.routeWebSocket('**/graphql', (socket) => socket.close({ code: 1008, reason }));
  await page.goto(`${fixture.url}/jobs/0198c0de-0000-7000-8000-000000000000#token=a-token`);
  await page.getByRole('alert').getByText(`The gateway does not answer this page. ${reason}`).waitFor();
  expect(await page.getByText('expired').count()).toBe(0);
});

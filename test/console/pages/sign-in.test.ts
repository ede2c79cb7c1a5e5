import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { violationsInAllLooks } from '../../support/browser/axe.ts';
import { useConsole } from '../../support/browser/console-fixture.ts';
import { ConsolePage } from '../../support/browser/console-page.ts';
import { run, shown, writeVariables } from '../../support/browser/graphiql-page.ts';
import { fileIn, pngFile } from '../../support/browser/page-files.ts';

const SECRET = 'a secret of the tests, long enough for HS256';
const fixture = useConsole({ AUTH_JWT_SECRET: SECRET });

function tokenFor(owner: string, secret = SECRET, lasts = '5m'): Promise<string> {
  return new SignJWT({ scope: 'video:generate video:read' })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(owner)
    .setExpirationTime(lasts)
    .sign(new TextEncoder().encode(secret));
}

async function signIn({ page }: ConsolePage, token: string): Promise<void> {
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

test('a user with a valid token can upload, generate and watch until they sign out', async () => {
  const prompt = 'a balloon rises';
  await using console = await ConsolePage.openWithoutWaiting(fixture.browser, fixture.url);
  await console.page.getByRole('heading', { name: 'Sign in' }).waitFor();
  expect(await console.page.getByRole('button', { name: 'Sign out' }).count()).toBe(0);

  await signIn(console, await tokenFor('ada'));
  await console.live();
  await console.page
    .locator('input[type=file]')
    .setInputFiles(fileIn(fixture.folder, 'scene.png', await pngFile()));
  await console.fillIn({ prompt });
  await console.chooseSmallest();
  await console.generate();
  await console.card(prompt).getByText('Ready').waitFor();
  // The token is kept for the session of the tab.
  await console.page.reload();
  await console.card(prompt).waitFor();

  await console.page.getByRole('button', { name: 'Sign out' }).click();
  await console.page.getByRole('heading', { name: 'Sign in' }).waitFor();
  expect(await console.cards.count()).toBe(0);

  await signIn(console, await tokenFor('bob'));
  await console.page.getByText('No videos yet.').waitFor();
  expect(await console.card(prompt).count()).toBe(0);
});

test.each([
  ['signed with another secret', () => tokenFor('ada', 'another secret, which is also long enough')],
  ['that is not a JWT', async () => 'swordfish'],
])('after a token %s the page asks again', async (_, make) => {
  await using console = await ConsolePage.openWithoutWaiting(fixture.browser, fixture.url);
  const token = await make();
  await signIn(console, token);
  await console.page.getByRole('alert').getByText('The gateway refused the token').waitFor();
  await console.connection('Signed out');
  expect(await console.generateButton.isVisible()).toBe(false);
  await signIn(console, await tokenFor('carl'));
  await console.live();
});

test('when a token expires the page asks for another one and keeps the form', async () => {
  await using console = await ConsolePage.openWithoutWaiting(fixture.browser, fixture.url);
  // The gateway accepts a token for 30 seconds after its end, because clocks differ.
  await signIn(console, await tokenFor('dora', SECRET, '-20s'));
  await console.live();
  await console.fillIn({ prompt: 'half a thought' });
  await console.page.getByRole('alert').getByText('The gateway refused the token').waitFor();
  await console.connection('Signed out');
  expect(await console.generateButton.isVisible()).toBe(false);

  await signIn(console, `Bearer ${await tokenFor('dora')}`);
  await console.live();
  await console.page.getByText('No videos yet.').waitFor();
  // The prompt has the focus again.
  await console.page.keyboard.type(', and the rest');
  const prompt = console.page.getByLabel('Prompt', { exact: true });
  expect(await prompt.inputValue()).toBe('half a thought, and the rest');
});

test('the sign-in page has no serious accessibility violations', async () => {
  await using console = await ConsolePage.openWithoutWaiting(fixture.browser, fixture.url);
  await console.page.getByRole('heading', { name: 'Sign in' }).waitFor();
  expect(await violationsInAllLooks(console.page)).toEqual([]);
  expect(await console.page.getByRole('heading', { name: 'Sign in' }).count()).toBe(1);
});

test('GraphiQL uses the same sign-in for queries and subscriptions', async () => {
  await using console = await ConsolePage.openWithoutWaiting(fixture.browser, fixture.url);
  const { page } = console;
  await page.getByRole('link', { name: 'GraphiQL' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await signIn(console, await tokenFor('ada', 'another secret, which is also long enough'));
  await page.getByRole('alert').getByText('The gateway refused the token').waitFor();

  const token = await tokenFor('grace');
  await signIn(console, token);
  await run(page);
  const id = await shown(page, /"id":\s"(vj_[^"]+)"/);
  await page.getByRole('tab').nth(1).click();
  await writeVariables(page, { id });
  await run(page);
  expect(await shown(page, /"status":\s"(COMPLETED)"/)).toBe('COMPLETED');

  await page.goto(fixture.url);
  await console.live();
  // The list is loaded independently of the live connection.
  await page.locator(`a[href="/jobs/${id}"]`).waitFor();
  await page.goto(`${fixture.url}/graphql`);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.goto(fixture.url);
  await console.connection('Signed out');
});

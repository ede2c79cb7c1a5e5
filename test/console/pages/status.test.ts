import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, afterEach, expect, test } from 'vitest';
import type { Job } from '../../../src/domain/job/job.ts';
import { deliveryIdOf } from '../../../src/store/webhook-deliveries.ts';
import { signToken } from '../../auth/tokens.ts';
import { createAll, leaseUpTo, present } from '../../contract/job-store-cases/opened-store.ts';
import { openEmbedded, type OperatedGateway } from '../../graphql/status/operated-gateway.ts';
import { violationsInAllLooks } from '../../support/browser/axe.ts';
import { launchBrowser, type TestBrowser } from '../../support/browser/browser.ts';
import { ConsolePage } from '../../support/browser/console-page.ts';
import { layoutFaultsIn } from '../../support/browser/layout.ts';
import { startGateway } from '../../support/gateway/gateway.ts';
import { acceptedJob, completed } from '../../support/jobs.ts';
import { HOUR, MINUTE, NOON } from '../../support/times.ts';

const HOOK = 'https://hooks.example.com/secret-path';

/** Milliseconds between two readings of the page. */
const PAUSE_MS = 5000;
/** Milliseconds that the client waits for an answer. */
const ANSWER_MS = 30_000;

let browser: TestBrowser;
let operated: OperatedGateway;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser[Symbol.asyncDispose]());
beforeEach(async () => {
  operated = await openEmbedded();
});
afterEach(() => operated[Symbol.asyncDispose]());

/** Opens a page with a token of these scopes. */
async function openAs(scope: string, path: string): Promise<ConsolePage> {
  const token = await signToken({ sub: 'grace', scope });
  const opened = await browser.open({ reducedMotion: 'reduce' });
  await opened.page.addInitScript(`sessionStorage.setItem('reelgate-token', ${JSON.stringify(token)})`);
  const console = new ConsolePage(opened);
  await opened.page.goto(operated.gateway.url + path);
  await console.live();
  return console;
}

/** The entry with this text in the list below a heading. */
function entry(page: Page, list: string, text: string) {
  return page.getByRole('region', { name: list }).getByRole('listitem').filter({ hasText: text });
}

/** Ends a job of Cleo with a webhook that fails. @param nextAttemptAt null: it was given up */
async function makeFailingWebhook(nextAttemptAt: number | null): Promise<void> {
  const { store, deliveries } = operated;
  const done = acceptedJob({ ownerId: 'cleo' });
  await createAll(store, [done]);
  const [first] = await leaseUpTo(store, NOON, 1);
  const end = completed(done, NOON);
  const webhook = { id: deliveryIdOf(end, HOOK), url: HOOK };
  await store.save(present(first).leaseId, { job: end, schedule: null, deliveries: [webhook] });
  const [delivery] = await deliveries.lease({ now: NOON, limit: 1, leaseUntil: NOON + MINUTE });
  const lastError = 'The receiver answered 410.';
  const failed = { attempts: 3, lastStatus: 410, lastError, nextAttemptAt, deliveredAt: null };
  await deliveries.settle(present(delivery), failed);
}

/** A paused job, a record that cannot be read, and a webhook that fails. */
async function makeTrouble(): Promise<{
  readonly paused: Job;
  readonly damaged: Job;
  repair: () => Promise<void>;
}> {
  const { store, damage } = operated;
  await makeFailingWebhook(null);
  const paused = acceptedJob();
  await createAll(store, [paused]);
  const [second] = await leaseUpTo(store, NOON, 1);
  await store.release(present(second), { runAt: NOON + MINUTE, failureCount: 6, lastPolledAt: null });
  const damaged = acceptedJob();
  await createAll(store, [damaged]);
  const repair = await damage(damaged.id);
  expect(await leaseUpTo(store, NOON, 1)).toEqual([]);
  await store.health();
  return { paused, damaged, repair };
}

test('an operator sees what waits and why, and the actions help', async () => {
  const { paused, damaged, repair } = await makeTrouble();
  await using console = await openAs('video:read gateway:admin', '/');
  const { page, notice } = console;
  await page.getByRole('link', { name: 'Status', exact: true }).click();
  await page.getByRole('heading', { name: 'Gateway status' }).waitFor();
  const state = page.getByRole('status', { name: 'State' });
  await state.filter({ hasText: 'Calls about some jobs fail again and again' }).waitFor();
  expect(await page.content()).not.toContain('secret-path');
  expect(await layoutFaultsIn(page)).toEqual([]);
  expect(await violationsInAllLooks(page)).toEqual([]);

  const webhook = entry(page, 'Failing webhooks', 'cleo');
  await webhook.filter({ hasText: 'given up' }).waitFor();
  await webhook.getByRole('button').click();
  await notice.getByText('The webhook is sent again.').waitFor();
  await webhook.filter({ hasText: 'next attempt' }).waitFor();

  const record = entry(page, 'Unreadable records', damaged.id);
  await record.getByRole('button').click();
  await notice.getByText('Repair it first').waitFor();
  await repair();
  await record.getByRole('button').focus();
  await page.keyboard.press('Enter');
  await notice.getByText('The record is back').waitFor();
  await record.waitFor({ state: 'detached' });
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Unreadable records');

  const job = entry(page, 'Oldest jobs', paused.id);
  await job.filter({ hasText: 'Its last 6 calls failed, so it pauses before the next one.' }).waitFor();
  await job.getByRole('button', { name: `Retry now: ${paused.id}` }).click();
  await notice.getByText('The job is due now.').waitFor();
  await job.filter({ hasText: 'A poller takes it next.' }).waitFor();
  expect(await job.getByRole('button').count()).toBe(0);
  expect(await operated.store.nextDueAt()).toBe(NOON);
});

test('the page reads the status again and again, and keeps the last one while the gateway is away', async () => {
  await using console = await openAs('video:read gateway:admin', '/');
  const { page } = console;
  await page.clock.install();
  await page.getByRole('link', { name: 'Status', exact: true }).click();
  await page.getByText('No job waits.').first().waitFor();
  const job = acceptedJob();
  await createAll(operated.store, [job]);
  await page.clock.fastForward(PAUSE_MS);
  await entry(page, 'Oldest jobs', job.id).waitFor();
  await page.route('**/graphql', (route) => route.abort());
  await page.clock.fastForward(PAUSE_MS);
  await page.getByRole('alert').filter({ hasText: 'Below is that of' }).waitFor();
  expect(await entry(page, 'Oldest jobs', job.id).count()).toBe(1);
  await page.unroute('**/graphql');
  await page.clock.fastForward(PAUSE_MS);
  await page.getByRole('alert').waitFor({ state: 'detached' });
});

test('the page says when a lease ends, and what is due, and its figures are in line', async () => {
  await makeFailingWebhook(NOON);
  const leased = acceptedJob({ ownerId: 'an-owner-with-a-name-of-many-words@department.example.com' });
  await createAll(operated.store, [leased]);
  await leaseUpTo(operated.store, NOON, 1);
  await operated.budget.onFailed();
  await using console = await openAs('video:read gateway:admin', '/status');
  const { page } = console;
  await page.setViewportSize({ width: 1440, height: 900 });
  await entry(page, 'Failing webhooks', 'cleo').filter({ hasText: 'next attempt due' }).waitFor();
  await entry(page, 'Oldest jobs', leased.id)
    .filter({ hasText: /lease ends in \d/ })
    .waitFor();
  await page.getByText('1 call without an answer').waitFor();
  const topsOf = (selector: string) =>
    page.$$eval(selector, (found) => found.map((element) => element.getBoundingClientRect().top));
  expect(new Set(await topsOf('.tile strong')).size).toBe(1);
  await page.setViewportSize({ width: 390, height: 844 });
  const count = page.getByRole('definition').filter({ hasText: /^1$/ }).last();
  const name = page.getByRole('term').filter({ hasText: leased.ownerId });
  expect((await count.boundingBox())?.y).toBe((await name.boundingBox())?.y);
});

test('the page says that the gateway does not answer', async () => {
  await using console = await openAs('video:read gateway:admin', '/');
  const { page } = console;
  await page.clock.install();
  const asked = Promise.withResolvers<void>();
  await page.route('**/graphql', () => asked.resolve());
  await page.getByRole('link', { name: 'Status', exact: true }).click();
  await asked.promise;
  await page.clock.fastForward(ANSWER_MS);
  const alert = page.getByRole('alert');
  await alert.waitFor();
  expect(await alert.textContent()).toBe('The status can’t be read: There was no answer within 30 seconds.');
});

test('without the scope the page says what it needs, and no page links to it', async () => {
  await using console = await openAs('video:read', '/status');
  const { page } = console;
  await page.getByRole('alert').getByText('It needs a token with the scope gateway:admin').waitFor();
  expect(await page.getByRole('link', { name: 'Status', exact: true }).count()).toBe(0);
  expect(await violationsInAllLooks(page)).toEqual([]);
});

test('the page reads the status as soon as its operator has signed in', async () => {
  await using opened = await browser.open();
  const { page } = opened;
  await page.clock.install();
  await page.goto(`${operated.gateway.url}/status`);
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  // No reading is due any more.
  await page.clock.pauseAt(Date.now() + MINUTE);
  await page.getByLabel('Token').fill(await signToken({ sub: 'grace', scope: 'video:read gateway:admin' }));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('status', { name: 'State' }).getByText('No job waits.').waitFor({ timeout: 10_000 });
  expect(await page.getByRole('alert').count()).toBe(0);
});

test('after the token has expired the page uses the next one', async () => {
  await using console = await openAs('video:read', '/status');
  const { page } = console;
  const alert = page.getByRole('alert').filter({ hasText: 'gateway:admin' });
  await alert.waitFor();
  const scope = 'video:read gateway:admin';
  const token = await signToken({ sub: 'grace', scope, exp: (NOON + 3 * HOUR) / 1000 });
  await operated.gateway.clock.advance(2 * HOUR);
  await console.connection('Signed out');
  await page.getByLabel('Token', { exact: true }).fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('status', { name: 'State' }).getByText('No job waits.').waitFor();
  expect(await alert.count()).toBe(0);
});

test('while an operator is signed out, the page neither asks nor links to the status', async () => {
  await using console = await openAs('video:read gateway:admin', '/');
  const { page } = console;
  await page.clock.install();
  const link = page.getByRole('link', { name: 'Status', exact: true });
  await link.click();
  await page.getByText('No job waits.').first().waitFor();
  await operated.gateway.clock.advance(2 * HOUR);
  await console.connection('Signed out');
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.clock.fastForward(2 * PAUSE_MS);
  expect(await link.count()).toBe(0);
  expect(asked).toEqual([]);
});

test('while sign-in is off, everybody is an operator', async () => {
  await using gateway = await startGateway();
  await using console = await ConsolePage.open(browser, `${gateway.url}/status`);
  await console.page.getByRole('status', { name: 'State' }).getByText('No job waits.').waitFor();
  const link = console.page.getByRole('link', { name: 'Status', exact: true });
  await link.waitFor();
  expect(await link.getAttribute('href')).toBe('/status');
});

test('when the code of the page does not load, the rest of the console stays', async () => {
  await using console = await openAs('gateway:admin video:read video:generate', '/');
  const { page } = console;
  await page.route('**/status-page*', (route) => route.abort());
  await console.fillIn({ prompt: 'half a thought' });
  await page.getByRole('link', { name: 'Status', exact: true }).click();
  await page.getByRole('alert').getByText('This page has failed.').waitFor();
  await page.getByRole('link', { name: 'Reelgate' }).click();
  expect(await page.getByLabel('Prompt', { exact: true }).inputValue()).toBe('half a thought');
});

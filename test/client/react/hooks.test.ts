import { createReelgate, type VideoJob } from '@reelgate/client';
import type { Page } from 'playwright-core';
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Gateway, type GatewayOptions, startGateway } from '../../support/gateway/gateway.ts';
import { JobMover, WHOLE_LIFE } from '../../support/gateway/job-mover.ts';
import { videoRequest } from '../../support/jobs.ts';
import { until } from '../../support/until.ts';
import { type HooksPages, type HooksPageSettings, launchHooksPages } from './hooks-page.ts';
import { App } from './page/app.tsx';

let pages: HooksPages;
beforeAll(async () => {
  pages = await launchHooksPages();
});
afterAll(() => pages[Symbol.asyncDispose]());

/** A gateway that the page may use. */
function startOpenGateway(options: GatewayOptions = {}): Promise<Gateway> {
  return startGateway({ ...options, settings: { CORS_ORIGINS: pages.origin, ...options.settings } });
}

/** Uploads end when the promise resolves. */
function uploadAfter(stored: Promise<void>): NonNullable<GatewayOptions['uploadImage']> {
  return async () => {
    await stored;
    return { type: 'uploaded', url: 'https://files.example.com/cat.png' };
  };
}

/** Opens a page. When it is disposed it must have logged no errors, among them the warnings of React. */
async function openPage(gateway: Gateway, settings: Omit<HooksPageSettings, 'url'>) {
  const opened = await pages.open({ url: `${gateway.url}/graphql`, ...settings });
  const { page } = opened;
  return {
    page,
    /** Reads the text of an element. */
    text: (testId: string) => (): Promise<string> => page.getByTestId(testId).innerText(),
    press: (name: string) => page.getByRole('button', { name, exact: true }).click(),
    [Symbol.asyncDispose]: async () => {
      expect(opened.errors()).toEqual([]);
      await opened[Symbol.asyncDispose]();
    },
  };
}

/** Creates a job whose prompt is its name. */
async function acceptNamed(mover: JobMover, prompt: string): Promise<string> {
  const { id } = await mover.accept({ request: videoRequest({ prompt }) });
  return id;
}

const linesOf = (page: Page): Promise<string[]> => page.getByRole('listitem').allInnerTexts();

describe('useVideoJob', () => {
  test('shows each state, by one subscription for all components, until the component is removed', async () => {
    await using gateway = await startOpenGateway();
    const mover = new JobMover(gateway);
    const id = await acceptNamed(mover, 'cat');
    await using opened = await openPage(gateway, { view: 'job', id });
    await expect.poll(opened.text('one')).toMatch('cat: QUEUED 1');
    await expect.poll(opened.text('other')).toMatch('cat: QUEUED 1');
    expect(gateway.store.listenerCount).toBe(1);
    const [submitted, ...rest] = WHOLE_LIFE;
    if (submitted !== undefined) await mover.move(id, submitted);
    await expect.poll(opened.text('other')).toMatch('cat: QUEUED 2');

    await opened.press('Hide');
    await until(() => gateway.store.listenerCount, 0);
    await mover.move(id, ...rest);
    await opened.press('Show');
    await expect.poll(opened.text('one')).toMatch('cat: COMPLETED 6');
    await until(() => gateway.store.listenerCount, 0);
    expect(await opened.page.locator('body').getAttribute('data-torn')).toBeNull();
  });

  test('shows a known state at once, and asks nothing about a job that has ended', async () => {
    await using gateway = await startOpenGateway();
    const mover = new JobMover(gateway);
    const id = await acceptNamed(mover, 'cat');
    await mover.move(id, ...WHOLE_LIFE);
    const initialJob = await jobOf(gateway, id);
    await using opened = await openPage(gateway, { view: 'job', id, initialJob });
    await expect.poll(opened.text('one')).toMatch('cat: COMPLETED 6');
    expect(gateway.webSockets.size).toBe(0);
  });

  test('says why a job cannot be watched', async () => {
    await using gateway = await startOpenGateway();
    await using opened = await openPage(gateway, { view: 'job', id: 'vj_unknown' });
    await expect.poll(opened.text('one')).toBe('There is no such video job.');
  });

  test('shows nothing without an id', async () => {
    await using gateway = await startOpenGateway();
    await using opened = await openPage(gateway, { view: 'job', id: null });
    await expect.poll(opened.text('one')).toMatch('no job');
  });
});

describe('on a server', () => {
  test('useVideoJob renders the known state, and the page that hydrates it watches the job', async () => {
    await using gateway = await startOpenGateway();
    const mover = new JobMover(gateway);
    const id = await acceptNamed(mover, 'cat');
    const initialJob = await jobOf(gateway, id);
    await mover.move(id, ...WHOLE_LIFE.slice(0, 3));
    const client = createReelgate({ url: '/graphql' });
    const html = renderToString(createElement(App, { client, view: 'job', id, initialJob }));
    expect(html).toContain('cat: QUEUED 1');
    await using opened = await openPage(gateway, { view: 'job', id, initialJob, html });
    await expect.poll(opened.text('one')).toMatch('cat: PROCESSING 4');
  });

  test('the other hooks render their first state', async () => {
    await using gateway = await startOpenGateway();
    await acceptNamed(new JobMover(gateway), 'cat');
    const client = createReelgate({ url: '/graphql' });
    const generate = renderToString(createElement(App, { client, view: 'generate' }));
    expect(generate).toContain('idle');
    const html = renderToString(createElement(App, { client, view: 'list' }));
    expect(html).toContain('loading');
    await using opened = await openPage(gateway, { view: 'list', html });
    await expect.poll(() => linesOf(opened.page)).toEqual(['cat: QUEUED 1']);
  });
});

describe('useVideoJobs', () => {
  test('is live, loads more, and renders only the jobs that change', async () => {
    await using gateway = await startOpenGateway();
    const mover = new JobMover(gateway);
    const ids: string[] = [];
    for (const prompt of ['a', 'b', 'c', 'd', 'e']) ids.push(await acceptNamed(mover, prompt));
    await using opened = await openPage(gateway, { view: 'list' });
    await expect.poll(() => linesOf(opened.page)).toEqual(['e: QUEUED 1', 'd: QUEUED 1', 'c: QUEUED 1']);
    await opened.press('More');
    await expect.poll(() => linesOf(opened.page)).toHaveLength(5);
    expect(await opened.page.getByRole('button', { name: 'More' }).count()).toBe(0);
    await until(() => gateway.store.listenerCount, 2);

    const before = await renderingsOf(opened.page);
    await mover.move(ids[1] ?? '', ...WHOLE_LIFE.slice(0, 1));
    await acceptNamed(mover, 'f');
    const lines = ['f: QUEUED 1', 'e: QUEUED 1', 'd: QUEUED 1', 'c: QUEUED 1', 'b: QUEUED 2', 'a: QUEUED 1'];
    await expect.poll(() => linesOf(opened.page)).toEqual(lines);
    const { b = 0, f, ...others } = await renderingsOf(opened.page);
    const { b: earlier = 0, ...othersEarlier } = before;
    expect(b).toBe(earlier + 1);
    expect(f).toBeGreaterThan(0);
    expect(others).toEqual(othersEarlier);
    expect(await opened.page.locator('output').innerText()).toBe('QUEUED QUEUED, new QUEUED');
  });

  test('reads another list when the filter changes, and not when it is only a new object', async () => {
    await using gateway = await startOpenGateway();
    const mover = new JobMover(gateway);
    const done = await acceptNamed(mover, 'done');
    await mover.move(done, ...WHOLE_LIFE);
    const waiting = await acceptNamed(mover, 'waiting');
    await using opened = await openPage(gateway, { view: 'list' });
    await expect.poll(() => linesOf(opened.page)).toEqual(['waiting: QUEUED 1', 'done: COMPLETED 6']);
    await opened.press('Filter');
    await expect.poll(() => linesOf(opened.page)).toEqual(['done: COMPLETED 6']);
    await until(() => gateway.store.listenerCount, 2);
    await mover.move(waiting, ...WHOLE_LIFE);
    await expect.poll(() => linesOf(opened.page)).toEqual(['waiting: COMPLETED 6', 'done: COMPLETED 6']);

    await opened.press('Hide');
    await until(() => gateway.store.listenerCount, 0);
  });
});

describe('useGenerateVideo', () => {
  test('uploads, submits and follows a job to its video', async () => {
    await using gateway = await startOpenGateway();
    const mover = new JobMover(gateway);
    await using opened = await openPage(gateway, { view: 'generate' });
    await expect.poll(opened.text('status')).toMatch('idle');
    await opened.press('Generate');
    await expect.poll(opened.text('job')).toMatch('first: QUEUED 1');
    await expect.poll(opened.text('status')).toMatch('running');
    const [id = ''] = await idsOf(gateway);
    await mover.move(id, ...WHOLE_LIFE);
    await expect.poll(opened.text('status')).toMatch('completed');
    await expect.poll(opened.text('job')).toMatch('first: COMPLETED 6');
    await expect.poll(opened.text('result')).toMatch('resolved https://files.example.com/cat.mp4');
    expect(await opened.page.getByTestId('error').innerText()).toBe('none');
    await opened.press('Reset');
    await expect.poll(opened.text('job')).toMatch('no job');
    await expect.poll(opened.text('status')).toMatch('idle');
  });

  test('shows the progress of the upload, and stops it', async () => {
    const { promise: stored, resolve: store } = Promise.withResolvers<void>();
    await using gateway = await startOpenGateway({ uploadImage: uploadAfter(stored) });
    await using opened = await openPage(gateway, { view: 'generate' });
    await opened.press('Generate');
    await expect.poll(opened.text('progress')).toMatch('99 %');
    await opened.press('Cancel');
    await expect.poll(opened.text('status')).toMatch('failed');
    await expect.poll(opened.text('error')).toMatch(/^AbortError: /);
    await expect.poll(opened.text('result')).toMatch('rejected AbortError');
    await expect.poll(opened.text('progress')).toMatch('none');
    store();
    expect(await idsOf(gateway)).toEqual([]);
  });

  test('cancels a job that was not sent yet', async () => {
    await using gateway = await startOpenGateway();
    await using opened = await openPage(gateway, { view: 'generate' });
    await opened.press('Generate');
    await expect.poll(opened.text('status')).toMatch('running');
    await opened.press('Cancel');
    await expect.poll(opened.text('error')).toMatch(/^VideoJobFailedError: .*cancel/i);
    await expect.poll(opened.text('job')).toMatch('first: FAILED 2');
    await expect.poll(opened.text('result')).toMatch('rejected VideoJobFailedError');
  });

  test('a new call leaves the job before, which goes on', async () => {
    await using gateway = await startOpenGateway();
    await using opened = await openPage(gateway, { view: 'generate' });
    await opened.press('Generate');
    await expect.poll(opened.text('job')).toMatch('first: QUEUED 1');
    await opened.press('Generate another');
    await expect.poll(opened.text('result')).toMatch('rejected AbortError');
    await expect.poll(opened.text('job')).toMatch('second: QUEUED 1');
    await until(() => gateway.store.listenerCount, 1);
    expect(await idsOf(gateway)).toHaveLength(2);
  });

  test('the submission goes on without its component, and is watched no longer', async () => {
    const { promise: stored, resolve: store } = Promise.withResolvers<void>();
    await using gateway = await startOpenGateway({ uploadImage: uploadAfter(stored) });
    await using opened = await openPage(gateway, { view: 'generate' });
    await opened.press('Generate');
    await expect.poll(opened.text('progress')).toMatch('99 %');
    await opened.press('Hide');
    store();
    await expect.poll(() => idsOf(gateway)).toHaveLength(1);
    await until(() => gateway.store.listenerCount, 0);
    expect(gateway.webSockets.size).toBe(0);
  });

  test('a hidden component watches nothing, and goes on with its job when it is shown again', async () => {
    await using gateway = await startOpenGateway();
    await using opened = await openPage(gateway, { view: 'generate' });
    await opened.press('Generate');
    await expect.poll(opened.text('job')).toMatch('first: QUEUED 1');
    await opened.press('Pause');
    await until(() => gateway.store.listenerCount, 0);
    const [id = ''] = await idsOf(gateway);
    await new JobMover(gateway).move(id, ...WHOLE_LIFE);
    expect(await opened.page.getByTestId('job').innerText()).toBe('first: QUEUED 1');
    await opened.press('Resume');
    await expect.poll(opened.text('status')).toMatch('completed');
    expect(await opened.page.getByTestId('error').innerText()).toBe('none');
  });

  test('a hidden component tells why its job has failed meanwhile', async () => {
    await using gateway = await startOpenGateway();
    await using opened = await openPage(gateway, { view: 'generate' });
    await opened.press('Generate');
    await expect.poll(opened.text('job')).toMatch('first: QUEUED 1');
    await opened.press('Pause');
    await until(() => gateway.store.listenerCount, 0);
    const [id = ''] = await idsOf(gateway);
    await new JobMover(gateway).move(id, { type: 'canceled' });
    await opened.press('Resume');
    await expect.poll(opened.text('status')).toMatch('failed');
    expect(await opened.page.getByTestId('error').innerText()).toMatch(/canceled/);
  });

  test('a hidden component submits its request, and follows the job when it is shown again', async () => {
    const { promise: stored, resolve: store } = Promise.withResolvers<void>();
    await using gateway = await startOpenGateway({ uploadImage: uploadAfter(stored) });
    await using opened = await openPage(gateway, { view: 'generate' });
    await opened.press('Generate');
    await expect.poll(opened.text('progress')).toMatch('99 %');
    await opened.press('Pause');
    store();
    await expect.poll(() => idsOf(gateway)).toHaveLength(1);
    await opened.press('Resume');
    const [id = ''] = await idsOf(gateway);
    await new JobMover(gateway).move(id, ...WHOLE_LIFE);
    await expect.poll(opened.text('status')).toMatch('completed');
  });

  test('shows a refusal, and causes no unhandled rejection when the promise is ignored', async () => {
    await using gateway = await startOpenGateway();
    await using opened = await openPage(gateway, { view: 'generate' });
    await opened.press('Generate nothing');
    await expect.poll(opened.text('status')).toMatch('failed');
    await expect.poll(opened.text('error')).toMatch(/^ReelgateError: .*prompt/i);
  });
});

/** How often each card was rendered. */
function renderingsOf(page: Page): Promise<Record<string, number>> {
  return page.evaluate('({ ...window.renderings })');
}

/** A job as clients read it. */
async function jobOf(gateway: Gateway, id: string): Promise<VideoJob> {
  const job = await createReelgate({ url: `${gateway.url}/graphql` }).job(id);
  if (job === null) throw new Error(`There is no job ${id}.`);
  return job;
}

/** The ids of all jobs, newest first. */
async function idsOf(gateway: Gateway): Promise<string[]> {
  const { jobs } = await createReelgate({ url: `${gateway.url}/graphql` }).jobs();
  return jobs.map(({ id }) => id);
}

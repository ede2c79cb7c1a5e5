import { afterAll, beforeAll, expect, it } from 'vitest';
import { StoreUnavailableError } from '../../../src/store/job-store.ts';
import { launchBrowser, type OpenedPage, type TestBrowser } from '../../support/browser/browser.ts';
import { startGateway } from '../../support/gateway/gateway.ts';
import { JobMover, WHOLE_LIFE } from '../../support/gateway/job-mover.ts';
import { generate, readJob, spawnGateway } from '../../support/gateway/spawned-gateway.ts';
import { jobId } from '../../support/jobs.ts';
import { freePort } from '../../support/network/ports.ts';
import { overrideStore } from '../../support/override-store.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { NOON } from '../../support/times.ts';
import { startCountingUpstream } from '../../support/upstream/counting-upstream.ts';

/** The events of an EventSource in order: a state such as `3 QUEUED`, `complete`, or `error` with its `readyState`: 0 reconnects, 2 is closed. */
type Seen = readonly string[];

let browser: TestBrowser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser[Symbol.asyncDispose]());

/** Opens a plain EventSource on a page of the gateway, which does nothing but listen. */
async function openEventSource(url: string, id: string): Promise<OpenedPage & { seen: () => Promise<Seen> }> {
  const opened = await browser.open();
  await opened.page.goto(`${url}/healthz`);
  const search = new URLSearchParams({
    query: 'subscription ($id: ID!) { videoJobUpdated(id: $id) { version status } }',
    variables: JSON.stringify({ id }),
  });
  await opened.page.evaluate(`(() => {
    window.seen = [];
    const source = new EventSource('/graphql?${search.toString()}');
    source.addEventListener('next', ({ data }) => {
      const { data: result, errors } = JSON.parse(data);
      seen.push(result ? result.videoJobUpdated.version + ' ' + result.videoJobUpdated.status : errors[0].extensions.code);
    });
    source.addEventListener('complete', () => seen.push('complete'));
    source.onerror = () => seen.push('error ' + source.readyState);
  })()`);
  return { ...opened, seen: () => opened.page.evaluate<Seen>('window.seen') };
}

it('continues after kill -9 with newer versions only, gets the final state once, and stops by itself', async () => {
  await using upstream = await startCountingUpstream();
  using folder = tempFolder();
  const settings = {
    PORT: String(await freePort()),
    DATA_DIR: folder.path,
    SEGMIND_API_KEY: 'SG_test',
    SEGMIND_BASE_URL: upstream.url,
  };
  let page: Awaited<ReturnType<typeof openEventSource>>;
  let id: string;
  let before: Seen;
  {
    // With one upstream call a minute the job cannot end before the kill.
    await using first = await spawnGateway({ ...settings, SEGMIND_RPM: '1' });
    ({ id } = await generate(first.url, { prompt: 'carry on' }));
    page = await openEventSource(first.url, id);
    await expect.poll(page.seen).not.toEqual([]);
    first.kill('SIGKILL');
    await first.exited;
    before = await page.seen();
  }
  await using _ = page;
  await using second = await spawnGateway(settings);
  await expect.poll(async () => (await page.seen()).at(-1), { timeout: 90_000 }).toBe('error 2');
  const seen = await page.seen();
  const final = await readJob(second.url, id);
  const versions = seen.filter((line) => /^\d/.test(line)).map((line) => Number.parseInt(line, 10));
  expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
  expect(versions.length).toBeGreaterThan(before.filter((line) => /^\d/.test(line)).length);
  expect(seen).toContain('error 0');
  // The end of the stream makes it reconnect once: the answer is 204.
  expect(seen.slice(-4)).toEqual([`${final?.version} COMPLETED`, 'complete', 'error 0', 'error 2']);
});

it('stops after a refusal', async () => {
  await using gateway = await startGateway();
  await using page = await openEventSource(gateway.url, jobId(NOON));
  await expect.poll(page.seen).toEqual(['error 2']);
});

it('stops when the store has lost the job', async () => {
  let isLost = false;
  await using gateway = await startGateway({
    wrapStore: (store) =>
      overrideStore(store, {
        getMany: async (ids) => (isLost ? ids.map(() => null) : store.getMany(ids)),
      }),
  });
  const { id } = await new JobMover(gateway).accept();
  await using page = await openEventSource(gateway.url, id);
  await expect.poll(page.seen).toEqual(['1 QUEUED']);
  isLost = true;
  await gateway.clock.advance(10_000);
  await expect.poll(page.seen).toEqual(['1 QUEUED', 'NOT_FOUND', 'complete', 'error 0', 'error 2']);
});

it('receives STORE_UNAVAILABLE while the store is away, and continues when it is back', async () => {
  let isAway = false;
  await using gateway = await startGateway({
    wrapStore: (store) =>
      overrideStore(store, {
        subscribe: async (topic, listener) => {
          if (isAway) throw new StoreUnavailableError('away');
          return store.subscribe(topic, listener);
        },
      }),
  });
  const mover = new JobMover(gateway);
  const { id } = await mover.accept();
  isAway = true;
  await using page = await openEventSource(gateway.url, id);
  await expect.poll(page.seen).toEqual(['STORE_UNAVAILABLE', 'complete', 'error 0']);
  isAway = false;
  await mover.move(id, ...WHOLE_LIFE);
  await expect
    .poll(async () => (await page.seen()).slice(3))
    .toEqual(['6 COMPLETED', 'complete', 'error 0', 'error 2']);
});

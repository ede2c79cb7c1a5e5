import { startSandbox } from '@reelgate/sandbox';
import { describe, expect, it } from 'vitest';
import {
  FakeClock,
  accepted,
  ended,
  pictureUrl,
  sandbox,
  statusOf,
  steady,
  submit,
  temporaryFolder,
  textOf,
  history,
  historyRows,
} from './support.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A job that fails soon and renders no video. */
const INVALID = { steps: 9, image: 'http://127.0.0.1:9/a.png' };

/** A sandbox on a clock that starts at midnight on 1 November 2026. */
async function setUp(historyLagMs?: number) {
  const clock = new FakeClock();
  const folder = await temporaryFolder();
  const running = await sandbox({ clock: clock.read, random: steady, folder, historyLagMs });
  return { clock, folder, running, url: running.url };
}

describe('a row', () => {
  it('appears after the lag and follows the job', async () => {
    const { clock, url } = await setUp();
    const image = `${url}/images/sample.png`;
    const sent = { image, prompt: 'The sea', resolution: '360', video_length: 1, scheduler: { name: 'x' } };
    const id = await accepted(url, sent);
    clock.advance(1_999);
    expect(await historyRows(url)).toEqual([]);
    expect(await history(url, `/${id}`)).toMatchObject({
      status: 404,
      body: { error: `Request ${id} not found` },
    });

    clock.advance(1);
    const pending = {
      request_id: id,
      model_name: 'wan2.1-i2v-480p',
      model_status: 'PENDING',
      credits_deduction: null,
      request_body: sent,
      generation_url: null,
      latency_ms: null,
      model_created: '2026-11-01T00:00:00.000Z',
    };
    expect(await historyRows(url)).toEqual([pending]);
    expect((await history(url, `/${id}`)).body).toEqual(pending);

    clock.advance(60_000);
    await ended(url, id);
    const [row] = await historyRows(url);
    expect(row).toEqual({
      ...pending,
      model_status: 'COMPLETED',
      credits_deduction: 0.53,
      generation_url: expect.stringMatching(new RegExp(`^${url}/videos/[0-9a-f]{32}\\.mp4$`)),
      latency_ms: expect.any(Number),
    });
    expect((await history(url, `/${id}`)).body).toEqual(row);
    expect((await fetch(String(row?.['generation_url']))).status).toBe(200);
  });

  it('of a failed job has the error, no video and no cost', async () => {
    const { clock, url } = await setUp(0);
    const invalid = await accepted(url, INVALID);
    const blocked = await accepted(url, { prompt: '[sandbox:content-block]' });
    clock.advance(60_000);
    const failed = { model_status: 'FAILED', credits_deduction: 0, generation_url: null };
    expect((await history(url, `/${invalid}`)).body).toMatchObject({
      ...failed,
      error: expect.stringContaining('steps'),
      request_body: { steps: 9 },
    });
    expect((await history(url, `/${blocked}`)).body).toMatchObject({
      ...failed,
      error: expect.stringContaining('moderation'),
    });
  });

  it('contains an inline image only while the job needs it', async () => {
    const { clock, url } = await setUp(0);
    const image = await pictureUrl();
    const id = await accepted(url, { image });
    expect((await history(url, `/${id}`)).body).toMatchObject({ request_body: { image } });
    clock.advance(60_000);
    await ended(url, id);
    expect((await history(url, `/${id}`)).body).toMatchObject({ request_body: { image: 'data:,' } });
  });

  it.each([
    ['0', 0, undefined],
    ['the default at ten times the speed', 200, 10],
  ])('has a configurable lag: %s', async (_name, lag, speed) => {
    const clock = new FakeClock();
    const historyLagMs = speed === undefined ? lag : undefined;
    const { url } = await sandbox({ clock: clock.read, speed, historyLagMs });
    await accepted(url, INVALID);
    clock.advance(lag - 1);
    expect(await historyRows(url)).toHaveLength(0);
    clock.advance(1);
    expect(await historyRows(url)).toHaveLength(1);
  });

  it.each([-1, Number.NaN])('cannot have a lag of %d', async (historyLagMs) => {
    const folder = await temporaryFolder();
    await expect(startSandbox({ folder, historyLagMs })).rejects.toThrow(RangeError);
  });
});

describe('the time', () => {
  it('is listed for seven days by default and found by id at any age', async () => {
    const { clock, url } = await setUp(0);
    const id = await accepted(url);
    clock.advance(60_000);
    await ended(url, id);
    clock.advance(HOUR);
    expect((await statusOf(url, id)).status).toBe(404);
    clock.advance(7 * DAY - 2 * HOUR);
    const [row] = await historyRows(url);
    expect(row).toMatchObject({ request_id: id });
    expect((await fetch(textOf(row ?? null, 'generation_url'))).status).toBe(200);
    clock.advance(DAY + HOUR);
    expect(await historyRows(url)).toEqual([]);
    expect(await historyRows(url, '?from_date=2026-11-01')).toMatchObject([{ request_id: id }]);
    expect((await history(url, `/${id}`)).body).toMatchObject({ request_id: id });
  });

  it('counts whole days in UTC, including the last', async () => {
    const { clock, url } = await setUp(0);
    clock.advance(DAY - 1);
    const first = await accepted(url, INVALID);
    clock.advance(1);
    const second = await accepted(url, INVALID);
    const ids = async (query: string): Promise<unknown[]> =>
      (await historyRows(url, query)).map(({ request_id }) => request_id);
    expect(await ids('?from_date=2026-11-01&to_date=2026-11-01')).toEqual([first]);
    expect(await ids('?from_date=2026-11-02&to_date=2026-11-02')).toEqual([second]);
    expect(await ids('?from_date=2026-11-01')).toEqual([second, first]);
    expect(await ids('?to_date=2026-11-01')).toEqual([first]);
    expect(await ids('?from_date=2026-10-02&to_date=2026-11-02')).toEqual([second, first]);
  });

  it('survives a restart with its request body', async () => {
    const { clock, folder, running, url } = await setUp(0);
    await submit(url, { ...INVALID, prompt: 'A fox [sandbox:lost-answer]' }).catch(() => null);
    const [row] = await historyRows(url);
    expect(row).toMatchObject({ request_body: { steps: 9, prompt: 'A fox [sandbox:lost-answer]' } });
    await running[Symbol.asyncDispose]();
    const again = await sandbox({ clock: clock.read, folder, historyLagMs: 0 });
    expect(await historyRows(again.url)).toEqual([row]);
  });
});

describe('the list', () => {
  it('has pages, newest first', async () => {
    const { clock, url } = await setUp(0);
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      ids.unshift(await accepted(url, INVALID));
      clock.advance(1);
    }
    const page = async (query: string): Promise<unknown> => {
      const { status, body } = await history(url, query);
      expect(status).toBe(200);
      return { ...body, data: (await historyRows(url, query)).map(({ request_id }) => request_id) };
    };
    const total = { total: 5, per_page: 2, total_pages: 3 };
    expect(await page('?per_page=2')).toEqual({ data: ids.slice(0, 2), page: 1, ...total });
    expect(await page('?per_page=2&page=3')).toEqual({ data: ids.slice(4), page: 3, ...total });
    expect(await page('?per_page=2&page=4')).toEqual({ data: [], page: 4, ...total });
    expect(await page('')).toEqual({ data: ids, page: 1, per_page: 20, total: 5, total_pages: 1 });
    expect(await page('?sort_order=asc&per_page=2')).toMatchObject({ data: ids.toReversed().slice(0, 2) });
  });

  it('can be filtered by status and model, and sorted', async () => {
    const { clock, url } = await setUp(0);
    const failed = await accepted(url, INVALID);
    const completed = await accepted(url);
    clock.advance(60_000);
    await ended(url, completed);
    const pending = await accepted(url, INVALID);
    const ids = async (query: string): Promise<unknown[]> =>
      (await historyRows(url, query)).map(({ request_id }) => request_id);
    expect(await ids('?status=FAILED')).toEqual([failed]);
    expect(await ids('?status=COMPLETED')).toEqual([completed]);
    expect(await ids('?status=PENDING')).toEqual([pending]);
    expect(await ids('?model_name=i2v')).toHaveLength(3);
    expect(await ids('?model_name=t2v')).toEqual([]);
    expect((await ids('?sort_by=latency_ms')).at(0)).toBe(completed);
    expect((await ids('?sort_by=credits_deduction&sort_order=asc')).at(-1)).toBe(completed);
  });

  it.each([
    'page=0',
    'page=-1',
    'page=one',
    'page=1.5',
    'per_page=0',
    'per_page=101',
    'per_page=',
    'from_date=2026-11-31',
    'from_date=yesterday',
    'from_date=2026-10-01T00:00:00Z',
    'to_date=1',
    'from_date=2026-11-02&to_date=2026-11-01',
    'from_date=2026-10-01&to_date=2026-11-02',
    'from_date=2026-09-30',
    'status=completed',
    'status=QUEUED',
    'sort_by=prompt',
    'sort_order=down',
  ])('rejects %s', async (query) => {
    const { url } = await setUp();
    const { status, body } = await history(url, `?${query}`);
    expect(status).toBe(400);
    expect(body).toEqual({ error: expect.stringContaining(query.split('=')[0] ?? '') });
  });

  it('accepts the maximum page size and unknown parameters', async () => {
    const { url } = await setUp();
    const query = '?per_page=100&from_date=2026-10-01&to_date=2026-11-01&team=true';
    expect((await history(url, query)).status).toBe(200);
  });
});

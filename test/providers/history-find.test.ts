import { describe, expect, it } from 'vitest';
import { WAN_MODEL } from '../../src/providers/segmind/facts.ts';
import type { HistoryOutcome, HistoryQuery } from '../../src/providers/video-upstream.ts';
import { json, type Reply } from '../support/upstream/replies.ts';
import {
  API_KEY,
  HISTORY_PATH,
  historySession,
  NOW,
  patiently,
  REQUEST,
} from '../support/upstream/session.ts';
import { ENTRY, inputsOf, QUERY, row, urlVideo } from './history-rows.ts';

async function find(reply: Reply, query: Partial<HistoryQuery> = {}): Promise<HistoryOutcome> {
  await using session = await historySession(reply);
  return await session.segmind.findInHistory({ ...QUERY, ...query }, patiently());
}

async function idsOf(rows: unknown, query: Partial<HistoryQuery> = {}): Promise<readonly string[]> {
  const outcome = await find(json(200, { data: rows }), query);
  return outcome.type === 'page' ? outcome.entries.map(({ upstreamId }) => upstreamId) : [outcome.type];
}

const later = (ms: number) => new Date(NOW + ms).toISOString();

function at(request_id: string, ms: number): Record<string, unknown> {
  return row({ request_id, model_created: later(ms) });
}

async function mayBeMore(rows: unknown): Promise<boolean | null> {
  const outcome = await find(json(200, rows));
  return outcome.type === 'page' ? outcome.more : null;
}

describe('a page of the history', () => {
  it('is requested with the key, newest first, and a day wider than the search', async () => {
    await using session = await historySession(json(200, []));
    await session.segmind.findInHistory({ ...QUERY, page: 2 }, patiently());
    const [sent, ...more] = session.server.requests;
    expect(more).toEqual([]);
    expect(sent).toMatchObject({ method: 'GET', body: '', headers: { 'x-api-key': API_KEY } });
    const url = new URL(sent?.path ?? '', session.server.origin);
    expect(url.pathname).toBe(HISTORY_PATH);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      page: '2',
      per_page: '100',
      from_date: '2026-11-21',
      to_date: '2026-11-23',
      model_name: 'wan2.1-i2v-480p',
      sort_by: 'model_created',
      sort_order: 'desc',
    });
  });

  it.each<[string, unknown]>([
    ['data', { data: [row()], total: 1, page: 1 }],
    ['results', { count: 1, results: [row()] }],
    ['items', { items: [row()] }],
    ['requests', { requests: [row()] }],
    ['history', { history: [row()] }],
    ['rows', { rows: [row()] }],
    ['data.items', { data: { items: [row()], total: 1 } }],
    ['data beside an empty list', { results: [], data: [row()] }],
    ['the top', [row()]],
  ])('has its list in %s', async (_name, body) => {
    expect(await find(json(200, body))).toEqual({
      type: 'page',
      entries: [ENTRY],
      oldestAt: ENTRY.createdAt,
      more: false,
    });
  });

  it.each([[[]], [{ data: [] }], [{ data: { items: [] } }]])('may be empty: %j', async (body) => {
    expect(await find(json(200, body))).toEqual({ type: 'page', entries: [], oldestAt: null, more: false });
  });

  it('has each request once, the oldest first', async () => {
    const rows = [
      row({ request_id: 'c', model_created: later(3000), model_status: 'PENDING', generation_url: null }),
      row({ request_id: 'b', model_created: later(2000), model_status: 'FAILED', credits_deduction: null }),
      row({ request_id: 'a', model_created: later(1000) }),
      row({ request_id: 'b', model_created: later(1500), generation_url: null, credits_deduction: '0.53' }),
    ];
    expect(await find(json(200, { data: rows }))).toEqual({
      type: 'page',
      entries: [
        { ...ENTRY, upstreamId: 'a', createdAt: NOW + 1000 },
        { ...ENTRY, upstreamId: 'b', createdAt: NOW + 1500 },
        { ...ENTRY, upstreamId: 'c', createdAt: NOW + 3000, state: 'pending', video: null },
      ],
      oldestAt: expect.any(Number),
      more: false,
    });
  });

  it('has only requests within the time range', async () => {
    const rows = [at('d', 60_001), at('c', 60_000), at('b', -60_000), at('a', -60_001)];
    expect(await idsOf(rows)).toEqual(['b', 'c']);
    expect(await idsOf([row(), row({ request_id: 'x', model_created: null })])).toEqual(['job-1']);
  });

  it('skips unreadable rows', async () => {
    const odd = [null, 7, 'x', [], {}, row({ request_id: null }), row({ request_id: '..' })];
    expect(await idsOf([...odd, row()])).toEqual(['job-1']);
  });

  it('reports that more pages may match when it is full and not too old', async () => {
    const full = (ms: number) => Array.from({ length: 100 }, () => row({ model_created: later(ms) }));
    expect(await mayBeMore(full(0))).toBe(true);
    expect(await mayBeMore(full(0).slice(1))).toBe(false);
    expect(await mayBeMore(full(90_000))).toBe(true);
    expect(await mayBeMore([...full(0).slice(1), row({ model_created: later(-60_000) })])).toBe(true);
    expect(await mayBeMore([...full(0).slice(1), row({ model_created: later(-60_001) })])).toBe(false);
  });
});

describe('a match', () => {
  it.each<[string, Record<string, unknown>]>([
    ['as a text', { request_body: JSON.stringify(inputsOf(REQUEST)) }],
    [
      'with numbers as texts',
      {
        request_body: {
          ...inputsOf(REQUEST),
          resolution: '576',
          video_length: '5',
          steps: '40.0',
          seed: '7',
          base64: 'True',
        },
      },
    ],
    ['with other fields', { request_body: { ...inputsOf(REQUEST), fps: 16, webhook: null } }],
    ['of a model that is not named', { model_name: undefined }],
    ['of a model with its path', { model_name: 'segmind/Wan2.1-i2v-480p' }],
  ])('has equal inputs, %s', async (_name, overrides) => {
    expect(await idsOf([row(overrides)])).toEqual(['job-1']);
  });

  it.each<[string, unknown]>([
    ['image', 'https://example.com/dog.png'],
    ['image', undefined],
    ['prompt', 'A dog'],
    ['prompt', undefined],
    ['negative_prompt', ''],
    ['negative_prompt', undefined],
    ['resolution', 480],
    ['resolution', ''],
    ['video_length', 4],
    ['steps', '41'],
    ['steps', null],
    ['seed', 8],
    ['seed', [7]],
    ['base64', false],
    ['base64', 'yes'],
  ])('does not have another %s, such as %j', async (name, value) => {
    expect(await idsOf([row({ request_body: { ...inputsOf(REQUEST), [name]: value } })])).toEqual([]);
  });

  it.each([null, '', 'x', '[]', 7, undefined])('must have inputs: not %j', async (body) => {
    expect(await idsOf([row({ request_body: body })])).toEqual([]);
  });

  it('uses the vendor’s defaults for absent inputs', async () => {
    const request = {
      ...REQUEST,
      negativePrompt: WAN_MODEL.defaults.negativePrompt,
      resolution: 480,
      videoLength: 3,
      steps: 30,
      seed: 42424242,
      base64: false,
    } as const;
    const { image, prompt } = request;
    expect(await idsOf([row({ request_body: { image, prompt } })], { request })).toEqual(['job-1']);
    const given = inputsOf(request);
    for (const name of Object.keys(given)) {
      const missing = { ...given, [name]: null };
      const expected = name === 'image' || name === 'prompt' ? [] : ['job-1'];
      expect(await idsOf([row({ request_body: missing })], { request })).toEqual(expected);
    }
  });

  it('must be of the same model', async () => {
    for (const model_name of ['wan2.1-i2v-480p-fast', 'wan2.1-i2v-720p', '']) {
      expect(await idsOf([row({ model_name })])).toEqual([]);
    }
  });
});

describe('the time of a request', () => {
  it.each([
    'model_created',
    'created_at',
    'createdAt',
    'created',
    'timestamp',
    'request_time',
    'requested_at',
  ])('may be in %s', async (name) => {
    const outcome = await find(json(200, [row({ model_created: undefined, [name]: later(5000) })]));
    expect(outcome).toMatchObject({ type: 'page', entries: [{ createdAt: NOW + 5000 }] });
  });

  it.each<[unknown, number]>([
    ['2026-11-22T12:00:05Z', 5000],
    ['2026-11-22T12:00:05', 5000],
    ['2026-11-22 12:00:05', 5000],
    ['2026-11-22T12:00:05.123456', 5123],
    ['2026-11-22T17:30:05+05:30', 5000],
    ['Sun, 22 Nov 2026 12:00:05 GMT', 5000],
    [NOW / 1000 + 5, 5000],
    [NOW / 1000 + 5.25, 5250],
    [NOW + 5000, 5000],
    [String(NOW + 5000), 5000],
  ])('may be written %j', async (time, ms) => {
    const outcome = await find(json(200, [row({ model_created: time })]));
    expect(outcome).toMatchObject({ type: 'page', entries: [{ createdAt: NOW + ms }] });
  });

  it.each([
    // The upstream is two hours ahead; its Date has a precision of one second.
    [2 * 60 * 60 * 1000, 0],
    [-2 * 60 * 60 * 1000, -999],
    // Within the precision of the Date.
    [0, 0],
  ])('is converted from an upstream whose clock is %i ms ahead', async (ahead, off) => {
    const headers = { date: new Date(NOW + ahead).toUTCString() };
    const outcome = await find(json(200, [row({ model_created: later(ahead + 5000) })], headers));
    expect(outcome).toMatchObject({ type: 'page', entries: [{ createdAt: NOW + 5000 + off }] });
  });
});

describe('the state of a request', () => {
  it.each<[Record<string, unknown>, Record<string, unknown>]>([
    [{ model_status: 'completed' }, { state: 'completed' }],
    [{ model_status: 'SUCCESS' }, { state: 'completed' }],
    [{ model_status: 'PENDING' }, { state: 'pending' }],
    [{ model_status: 'PROCESSING' }, { state: 'pending' }],
    [{ model_status: 'WARMING_UP' }, { state: 'pending' }],
    [{ model_status: null }, { state: 'completed' }],
    [
      { model_status: null, generation_url: null },
      { state: 'pending', video: null },
    ],
    [
      { model_status: null, generation_url: null, error: 'x' },
      { state: 'failed', video: null, message: 'x' },
    ],
    [
      { model_status: 'FAILED', error: 'Blocked.' },
      { state: 'failed', message: 'Blocked.' },
    ],
    [
      { model_status: 'CANCELLED', error: { a: 1 } },
      { state: 'failed', message: '{"a":1}' },
    ],
    [{ model_status: 'ERROR' }, { state: 'failed', message: null }],
    [{ generation_url: ['https://a.example/v.mp4'] }, { video: urlVideo('https://a.example/v.mp4') }],
    [{ generation_url: 'None' }, { video: null }],
    [{ generation_url: null }, { video: null }],
    [{ generation_url: 'javascript:x' }, { video: null }],
    [{ credits_deduction: '0.5' }, { costUsd: 0.5 }],
    [{ credits_deduction: 0 }, { costUsd: 0 }],
    [{ credits_deduction: null }, { costUsd: null }],
    [{ request_id: undefined, requestId: 'x' }, { upstreamId: 'x' }],
  ])('is read from %j', async (overrides, expected) => {
    const outcome = await find(json(200, [row(overrides)]));
    expect(outcome).toEqual({
      type: 'page',
      entries: [{ ...ENTRY, ...expected }],
      oldestAt: ENTRY.createdAt,
      more: false,
    });
  });
});

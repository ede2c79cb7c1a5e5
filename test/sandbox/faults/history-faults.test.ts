import { expect, it } from 'vitest';
import {
  FakeClock,
  accepted,
  ended,
  sandbox,
  statusOf,
  submit,
  textOf,
  history,
  historyRows,
} from '../support.ts';
import { stage } from './fault-stage.ts';

/** Submits a job with a fault. @returns the ids in the list afterwards */
async function idsAfter(url: string, name: string): Promise<string[]> {
  const body = { prompt: `A fox [sandbox:${name}]` };
  await submit(url, body).catch(() => null);
  return (await historyRows(url)).map((row) => textOf(row, 'request_id'));
}

it.each(['lost-answer', 'gateway-timeout', 'garbled-answer', 'error-with-id'])(
  '%s leaves a row whose job completes',
  async (name) => {
    const { url, clock } = await stage();
    const ids = await idsAfter(url, name);
    expect(ids).toHaveLength(1);
    clock.advance(60_000);
    expect((await ended(url, ids[0] ?? '')).body?.['status']).toBe('COMPLETED');
  },
);

it.each(['lost-request', 'lost-unlisted'])('%s leaves no row', async (name) => {
  const { url, clock } = await stage();
  expect(await idsAfter(url, name)).toEqual([]);
  clock.advance(3_600_000);
  expect(await historyRows(url)).toEqual([]);
});

it('history-broken is listed, and only the call for its id fails', async () => {
  const { url } = await stage();
  const other = await accepted(url);
  const [broken = '', ...rest] = (await idsAfter(url, 'history-broken')).filter((id) => id !== other);
  expect(rest).toEqual([]);
  const failed = { status: 500, body: { error: 'Internal server error' } };
  expect(await history(url, `/${broken}`)).toMatchObject(failed);
  expect(await history(url, `/${broken}`)).toMatchObject(failed);
  expect((await history(url, `/${other}`)).status).toBe(200);
  expect((await statusOf(url, broken)).status).toBe(200);
});

it('two-rows is listed twice with two files, and the call for its id returns one row', async () => {
  const { url, clock } = await stage();
  const ids = await idsAfter(url, 'two-rows');
  const id = ids[0] ?? '';
  expect(ids).toEqual([id, id]);
  clock.advance(60_000);
  await ended(url, id);
  const rows = await historyRows(url);
  const urls = rows.map((row) => textOf(row, 'generation_url'));
  expect(new Set(urls).size).toBe(2);
  for (const video of urls) expect((await fetch(video)).status).toBe(200);
  expect((await history(url, `/${id}`)).body).toEqual(rows.find((row) => row['generation_url'] === urls[0]));
});

it('teammate lists a foreign twin one second older, which no other call finds', async () => {
  const { url, clock } = await stage();
  const [own = '', foreign = ''] = await idsAfter(url, 'teammate');
  expect(foreign).not.toBe(own);
  clock.advance(60_000);
  await ended(url, own);
  const [ownRow, foreignRow] = await historyRows(url);
  expect(foreignRow).toMatchObject({
    request_id: foreign,
    model_status: 'COMPLETED',
    request_body: ownRow?.['request_body'],
    model_created: new Date(Date.parse(textOf(ownRow ?? null, 'model_created')) - 1_000).toISOString(),
  });
  expect(await history(url, `/${foreign}`)).toMatchObject({
    status: 403,
    body: { error: 'Insufficient permissions' },
  });
  expect((await statusOf(url, foreign)).status).toBe(404);
  expect((await fetch(textOf(foreignRow ?? null, 'generation_url'))).status).toBe(404);
  expect((await history(url, `/${own}`)).body).toEqual(ownRow);
  expect((await fetch(textOf(ownRow ?? null, 'generation_url'))).status).toBe(200);
});

it('teammate lists the foreign twin before the job itself', async () => {
  const clock = new FakeClock();
  const { url } = await sandbox({ clock: clock.read, historyLagMs: 2_000 });
  expect(await idsAfter(url, 'teammate')).toEqual([]);
  clock.advance(1_000);
  const [twin, ...rest] = await historyRows(url);
  expect(rest).toEqual([]);
  expect((await history(url, `/${textOf(twin ?? null, 'request_id')}`)).status).toBe(403);
  clock.advance(1_000);
  const rows = await historyRows(url);
  expect(rows).toHaveLength(2);
  expect((await history(url, `/${textOf(rows[0] ?? null, 'request_id')}`)).status).toBe(200);
});

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  FakeClock,
  accepted,
  call,
  objectOf,
  resultOf,
  sandbox,
  statusOf,
  steady,
  submit,
  temporaryFolder,
  until,
} from './support.ts';
import type { Answer } from './support.ts';

/** What came of a call: its HTTP status, or that the connection broke. */
type Seen = number | 'broken';

export async function seen(calling: Promise<Answer>): Promise<Seen> {
  return calling.then(
    ({ status }) => status,
    () => 'broken' as const,
  );
}

/** A sandbox that a fault is tried on. Its history has no lag. */
export async function stage() {
  const clock = new FakeClock();
  const folder = await temporaryFolder();
  const { url } = await sandbox({ clock: clock.read, random: steady, folder, historyLagMs: 0 });
  const jobsMade = async (): Promise<number> =>
    (await readdir(join(folder, 'jobs'))).filter((name) => name.endsWith('.json')).length;
  const submits = async (name: string, count: number): Promise<Seen[]> => {
    const statuses: Seen[] = [];
    for (let index = 0; index < count; index += 1) {
      statuses.push(await seen(submit(url, { prompt: `A fox [sandbox:${name}]` })));
    }
    return statuses;
  };
  return { clock, url, jobsMade, submits };
}

/** Asks in order, one call after the other. */
export async function inOrder<T>(count: number, ask: () => Promise<T>): Promise<T[]> {
  const answers: T[] = [];
  for (let index = 0; index < count; index += 1) answers.push(await ask());
  return answers;
}

/** Lets so much time pass that an ordinary job, sent now, is done. */
export async function othersDoneAfter(ms: number, url: string, clock: FakeClock): Promise<void> {
  const witness = await accepted(url);
  clock.advance(ms);
  await until(async () => ((await statusOf(url, witness)).body?.['status'] === 'COMPLETED' ? true : null));
}

/** A job with this fault, once the status says COMPLETED, which the fault does not change. */
export async function completed(name: string, fields: Record<string, unknown> = {}) {
  const { url, clock } = await stage();
  const id = await accepted(url, { prompt: `[sandbox:${name}]`, ...fields });
  clock.advance(60_000);
  await until(async () => ((await statusOf(url, id)).body?.['status'] === 'COMPLETED' ? true : null));
  return { url, id, results: (count: number) => inOrder(count, () => resultOf(url, id)) };
}

/** The rows of the first page of the request history. */
export async function historyRows(url: string, query = ''): Promise<readonly Record<string, unknown>[]> {
  const { body, status, text } = await history(url, query);
  const rows = body?.['data'];
  if (!Array.isArray(rows)) throw new Error(`history answered ${status}: ${text}`);
  return rows.map((row: unknown) => objectOf({ row }, 'row'));
}

/** The list, or with a path such as `/{id}` one row. */
export function history(url: string, rest = ''): Promise<Answer> {
  return call(`${url}/inference-request/request-history${rest}`);
}

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  FakeClock,
  accepted,
  ended,
  resultOf,
  sandbox,
  steady,
  submit,
  temporaryFolder,
} from '../support.ts';
import type { Answer } from '../support.ts';

/** The outcome of a call: its HTTP status, or a broken connection. */
type Seen = number | 'broken';

export async function seen(calling: Promise<Answer>): Promise<Seen> {
  return calling.then(
    ({ status }) => status,
    () => 'broken' as const,
  );
}

/** A sandbox on a fake clock. Its history has no lag. */
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

/** Makes calls one after the other. */
export async function inOrder<T>(count: number, ask: () => Promise<T>): Promise<T[]> {
  const answers: T[] = [];
  for (let index = 0; index < count; index += 1) answers.push(await ask());
  return answers;
}

/** Advances the clock until a job without a fault, submitted now, has ended. */
export async function othersDoneAfter(ms: number, url: string, clock: FakeClock): Promise<void> {
  const witness = await accepted(url);
  clock.advance(ms);
  await ended(url, witness);
}

/** A job with a fault that leaves its status unchanged, once the status is COMPLETED. */
export async function completed(name: string, fields: Record<string, unknown> = {}) {
  const { url, clock } = await stage();
  const id = await accepted(url, { prompt: `[sandbox:${name}]`, ...fields });
  clock.advance(60_000);
  await ended(url, id);
  return { url, id, results: (count: number) => inOrder(count, () => resultOf(url, id)) };
}

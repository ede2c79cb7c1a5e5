import { isDeepStrictEqual } from 'node:util';
import { type GenerateInput, ReelgateError } from '@reelgate/client';
import { expect, test } from 'vitest';
import type { Drafts } from '../../../console/src/new-job/drafts/drafts.ts';
import { Submissions } from '../../../console/src/new-job/submission/submissions.ts';
import { consoleJob } from '../console-job.ts';
import { MemoryStorage } from './memory-storage.ts';
import { browserTab, fileImage } from './open-drafts.ts';

/** A gateway that makes one job for each idempotency key, and accepts at most `limit` jobs. */
class Jobs {
  readonly inputs: GenerateInput[] = [];
  readonly byKey = new Map<string, string>();
  limit = Infinity;
  isAnswerLost = false;
  onSubmit: (input: GenerateInput) => void = () => {};

  readonly submit = async (input: GenerateInput) => {
    this.onSubmit(input);
    this.inputs.push(input);
    const idempotencyKey = input.idempotencyKey ?? '';
    const earlier = this.inputs.find((other) => other.idempotencyKey === idempotencyKey);
    if (!isDeepStrictEqual(input, earlier)) throw new Error('The key was used with another input.');
    if (!this.byKey.has(idempotencyKey)) {
      if (this.byKey.size >= this.limit)
        throw new ReelgateError('CAPACITY_EXCEEDED', 'Too many jobs.', { retryAfterSeconds: 60 });
      this.byKey.set(idempotencyKey, `job ${this.byKey.size + 1}`);
    }
    if (this.isAnswerLost) throw new ReelgateError('UNREACHABLE', 'The connection was lost.');
    return consoleJob({ id: this.byKey.get(idempotencyKey) ?? '' });
  };
}

/** Tabs of one browser, with one draft that has a file. Each upload gets another URL. */
async function tabs() {
  const storage = new MemoryStorage();
  const browser = browserTab(storage);
  const jobs = new Jobs();
  const timers: (() => void)[] = [];
  let uploads = 0;
  let keys = 0;
  const clock = { now: 1000 };
  const open = async () => {
    const drafts = await browser.open();
    const submissions = new Submissions({
      client: {
        upload: async () => {
          const url = `https://example.com/${++uploads}.png`;
          return { url, contentType: 'image/png', byteLength: 1 };
        },
        submit: jobs.submit,
      },
      drafts,
      onAccepted: () => {},
      imageLoads: async () => true,
      newKey: () => `key ${++keys}`,
      now: () => clock.now,
      setTimeout: (run) => timers.push(run),
    });
    const send = () => submissions.send(drafts.current.id);
    return { drafts, submissions, send };
  };
  const first = await open();
  const { id } = first.drafts.current;
  first.drafts.changeImage(id, fileImage('kite.png'));
  first.drafts.changeSettings(id, { prompt: 'a kite' });
  const later = (): void => {
    for (const run of timers.splice(0)) run();
  };
  return { storage, jobs, open, first, id, later, clock };
}

function seedOf(drafts: Drafts): string {
  return drafts.current.settings.seed;
}

test('the key is stored before the request is sent', async () => {
  const { storage, jobs, first, id } = await tabs();
  jobs.onSubmit = ({ idempotencyKey }) => {
    expect(`${storage.submissionOf(id)?.idempotencyKey}-0`).toBe(idempotencyKey);
  };
  expect(await first.send()).toMatchObject({ type: 'accepted' });
});

test('a draft that two tabs send at the same time makes one job', async () => {
  const { jobs, open, first } = await tabs();
  const second = await open();
  const states = await Promise.all([first.send(), second.send()]);
  expect(states).toMatchObject([
    { type: 'accepted', ids: ['job 1'] },
    { type: 'accepted', ids: ['job 1'] },
  ]);
  expect(jobs.byKey.size).toBe(1);
});

test('a tab that did not learn that another sent the draft sends nothing, but shows the job', async () => {
  const { storage, jobs, open, first, later } = await tabs();
  const second = await open();
  storage.tellsTabs = false;
  await first.send();
  later();
  second.drafts.changeSettings(second.drafts.current.id, { steps: 11 });
  second.drafts.changeSettings(second.drafts.current.id, { steps: 30 });
  expect(await second.send()).toEqual({ type: 'accepted', ids: ['job 1'], isRepeated: true });
  expect(jobs.inputs).toHaveLength(1);
  expect(second.drafts.current.isSent).toBe(true);
  // The user has seen that: the next press is a new request.
  later();
  expect(await second.send()).toMatchObject({ ids: ['job 2'] });
});

test('the other tab shows the job, and both continue with the same seed', async () => {
  const { open, first, id, later } = await tabs();
  const second = await open();
  const seed = seedOf(first.drafts);
  await first.send();
  expect(second.drafts.current.isSent).toBe(true);
  expect(second.submissions.states.get().get(id)).toMatchObject({ type: 'accepted', ids: ['job 1'] });
  later();
  expect(seedOf(first.drafts)).not.toBe(seed);
  expect(seedOf(second.drafts)).toBe(seedOf(first.drafts));
});

test('a tab where the draft is another one is left alone', async () => {
  const { jobs, open, first, id } = await tabs();
  const second = await open();
  second.drafts.changeSettings(id, { prompt: 'a heron' });
  await first.send();
  expect(second.drafts.current.isSent).toBe(false);
  expect(second.submissions.states.get().size).toBe(0);
  expect(await second.send()).toMatchObject({ type: 'accepted', isRepeated: false });
  expect(jobs.byKey.size).toBe(2);
});

test('a request with a pinned seed is sent again on purpose', async () => {
  const { jobs, first, id, later } = await tabs();
  first.drafts.changeSettings(id, { seed: '7', isSeedPinned: true });
  await first.send();
  expect(await first.send()).toMatchObject({ isRepeated: true });
  later();
  expect(await first.send()).toMatchObject({ isRepeated: false });
  expect(jobs.byKey.size).toBe(2);
});

test('after some variations were accepted, another number of them makes no job twice', async () => {
  const { jobs, first, id } = await tabs();
  first.drafts.changeSettings(id, { variations: 4 });
  jobs.limit = 2;
  expect(await first.send()).toMatchObject({
    type: 'refused',
    message: '2 of 4 videos were sent. Too many jobs. (In 60 s.)',
  });
  first.drafts.changeSettings(id, { variations: 2 });
  expect(await first.send()).toMatchObject({ type: 'accepted', ids: ['job 1', 'job 2'] });
  jobs.limit = Infinity;
  first.drafts.changeSettings(id, { variations: 3 });
  expect(await first.send()).toMatchObject({ ids: ['job 1', 'job 2', 'job 3'] });
  expect(jobs.byKey.size).toBe(3);
});

const HOUR_MS = 3_600_000;

test('after some variations were accepted, the others are sent hours later without making a job twice', async () => {
  const { jobs, first, id, clock } = await tabs();
  first.drafts.changeSettings(id, { variations: 2 });
  jobs.limit = 1;
  await first.send();
  jobs.limit = Infinity;
  clock.now += 2 * HOUR_MS;
  expect(await first.send()).toMatchObject({ ids: ['job 1', 'job 2'] });
  expect(jobs.byKey.size).toBe(2);
});

test('a request whose answer was lost makes no second job hours later', async () => {
  const { jobs, open, clock } = await tabs();
  const tab = await open();
  jobs.isAnswerLost = true;
  expect(await tab.send()).toMatchObject({ type: 'refused' });
  jobs.isAnswerLost = false;
  clock.now += 2 * HOUR_MS;
  expect(await tab.send()).toMatchObject({ ids: ['job 1'] });
  expect(jobs.byKey.size).toBe(1);
});

test('a refused request is sent hours later with a new upload of its image', async () => {
  const { jobs, first, clock } = await tabs();
  jobs.limit = 0;
  await first.send();
  jobs.limit = Infinity;
  clock.now += 2 * HOUR_MS;
  expect(await first.send()).toMatchObject({ ids: ['job 1'] });
  expect(jobs.inputs.map(({ image }) => image)).toEqual([
    'https://example.com/1.png',
    'https://example.com/2.png',
  ]);
});

test('a request whose answer was lost makes no second job when another tab has sent another request', async () => {
  const { jobs, open, first, id } = await tabs();
  const second = await open();
  jobs.isAnswerLost = true;
  await first.send();
  jobs.isAnswerLost = false;
  second.drafts.changeSettings(id, { prompt: 'a heron' });
  await second.send();
  expect(await first.send()).toMatchObject({ ids: ['job 1'] });
  expect(jobs.byKey.size).toBe(2);
});

test('a request whose answer was lost makes no second job after its draft was sent as another request', async () => {
  const { jobs, open, first, id } = await tabs();
  jobs.isAnswerLost = true;
  for (const prompt of ['a kite', 'a heron', 'a kite']) {
    first.drafts.changeSettings(id, { prompt });
    await first.send();
  }
  expect(jobs.byKey.size).toBe(2);
  jobs.isAnswerLost = false;
  const reloaded = await open();
  expect(await reloaded.send()).toMatchObject({ ids: ['job 1'] });
  reloaded.drafts.changeSettings(id, { prompt: 'a heron', seed: seedOf(first.drafts) });
  expect(await reloaded.send()).toMatchObject({ ids: ['job 2'] });
});

test('an acceptance in one tab keeps the request of the other tab whose answer was lost', async () => {
  const { jobs, open, first, id } = await tabs();
  const second = await open();
  second.drafts.changeSettings(id, { prompt: 'a heron' });
  jobs.onSubmit = ({ prompt }) => {
    jobs.isAnswerLost = prompt === 'a heron';
  };
  const sent = first.send();
  await second.send();
  expect(await sent).toMatchObject({ ids: ['job 1'] });
  jobs.onSubmit = () => {};
  jobs.isAnswerLost = false;
  const reloaded = await open();
  reloaded.drafts.changeSettings(id, { prompt: 'a heron', seed: seedOf(second.drafts) });
  await reloaded.send();
  expect(jobs.byKey.size).toBe(2);
});

test('a limit of calls does not tell that an earlier attempt made no job', async () => {
  const { jobs, first, clock } = await tabs();
  jobs.isAnswerLost = true;
  await first.send();
  jobs.isAnswerLost = false;
  jobs.onSubmit = () => {
    throw new ReelgateError('RATE_LIMITED', 'Too many calls.', { retryAfterSeconds: 1 });
  };
  await first.send();
  jobs.onSubmit = () => {};
  clock.now += 2 * HOUR_MS;
  expect(await first.send()).toMatchObject({ ids: ['job 1'] });
  expect(jobs.byKey.size).toBe(1);
});

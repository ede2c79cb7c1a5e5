import { expect, it } from 'vitest';
import type { Job } from '../../../src/domain/job/job.ts';
import type { JobStore, ListQuery } from '../../../src/store/job-store.ts';
import { acceptedJob, completed, failed, nextVersion, record, videoRequest } from '../../support/jobs.ts';
import { MINUTE, NOON, SECOND } from '../../support/times.ts';
import { leaseAll, type OpenStore, present, storePerTest } from './opened-store.ts';

/** Cases of `list` by prompt, for a store that `searchesPrompts`. */
export function promptCases(open: OpenStore): void {
  const opened = storePerTest(open);
  const search = (prompt: string, change: Partial<ListQuery> = {}) =>
    list(opened.store, { prompt, ...change });
  /** The prompts of the jobs that are found. */
  const promptsFor = async (prompt: string, change: Partial<ListQuery> = {}) =>
    (await search(prompt, change)).map(({ request }) => request.prompt);

  it('says that it searches prompts', () => {
    expect(opened.store.searchesPrompts).toBe(true);
  });

  it('finds the jobs whose prompt contains all words, in any order and case, newest first', async () => {
    await finishAll(opened.store, ['A red cat jumps', 'a dog sleeps', 'Jumps of a CAT, red', 'red dog']);
    expect(await promptsFor('cat red')).toEqual(['Jumps of a CAT, red', 'A red cat jumps']);
    expect(await promptsFor('DOG')).toEqual(['red dog', 'a dog sleeps']);
    expect(await promptsFor('cat dog')).toEqual([]);
    expect(await promptsFor('bird')).toEqual([]);
    expect(await promptsFor('red', { ascending: true })).toEqual([
      'A red cat jumps',
      'Jumps of a CAT, red',
      'red dog',
    ]);
  });

  it('takes the last word as the beginning of a word, and the others as whole words', async () => {
    await finishAll(opened.store, ['a lighthouse at sunset', 'light rain']);
    expect(await promptsFor('light')).toEqual(['light rain', 'a lighthouse at sunset']);
    expect(await promptsFor('l')).toEqual(['light rain', 'a lighthouse at sunset']);
    expect(await promptsFor('lighth')).toEqual(['a lighthouse at sunset']);
    expect(await promptsFor('lighthouse sun')).toEqual(['a lighthouse at sunset']);
    expect(await promptsFor('light sun')).toEqual([]);
    expect(await promptsFor('house')).toEqual([]);
  });

  it('ignores diacritics and treats all other characters as separators', async () => {
    await finishAll(opened.store, ['Café in Łódź', 'naïve CAFE', "it's a well-known film", 'die Straße']);
    expect(await promptsFor('cafe')).toEqual(['naïve CAFE', 'Café in Łódź']);
    expect(await promptsFor('lodz')).toEqual(['Café in Łódź']);
    expect(await promptsFor('STRASSE')).toEqual(['die Straße']);
    expect(await promptsFor('CAFÉ naive')).toEqual(['naïve CAFE']);
    expect(await promptsFor('well known')).toEqual(["it's a well-known film"]);
    expect(await promptsFor('well-kno')).toEqual(["it's a well-known film"]);
    expect(await promptsFor('it’s')).toEqual(["it's a well-known film"]);
  });

  it('finds words of scripts without spaces, and long words', async () => {
    await finishAll(opened.store, [
      '一只猫在跳',
      '한국어 문장',
      'Donaudampfschifffahrtsgesellschaft',
      'हिन्दी में',
    ]);
    expect(await promptsFor('猫')).toEqual(['一只猫在跳']);
    expect(await promptsFor('狗')).toEqual([]);
    expect(await promptsFor('문')).toEqual(['한국어 문장']);
    expect(await promptsFor('हिन्दी')).toEqual(['हिन्दी में']);
    expect(await promptsFor('donaudampfschifffahrtsgesell')).toEqual(['Donaudampfschifffahrtsgesellschaft']);
  });

  it.each([
    ['"cat', ['a cat AND a dog', 'the cat']],
    ['cat AND dog', ['a cat AND a dog']],
    ['cat NOT dog', []],
    ['words: cat', []],
    ['cat*', ['a cat AND a dog', 'the cat']],
    ['(cat) OR "dog', []],
    ['cat" OR "dog', []],
    ["cat' --", ['a cat AND a dog', 'the cat']],
    ['^cat + -the', ['the cat']],
    ['NEAR(cat dog)', []],
    ['\0cat\u{10FFFF}', ['a cat AND a dog', 'the cat']],
    ['{cat}', ['a cat AND a dog', 'the cat']],
  ])('takes quotes and operators literally: %s', async (prompt, found) => {
    await finishAll(opened.store, ['the cat', 'a cat AND a dog']);
    expect(await promptsFor(prompt)).toEqual(found);
  });

  it('finds all jobs for a text without words', async () => {
    await finishAll(opened.store, ['the cat', 'a dog']);
    for (const text of ['', ' ', '"', '* - !']) expect(await promptsFor(text)).toEqual(['a dog', 'the cat']);
  });

  it("finds no other owner's jobs", async () => {
    const { store } = opened;
    await finishAll(store, ['the cat', 'my cat'], 'ada');
    await finishAll(store, ['bobs cat'], 'bob');
    await store.create(record(jobWith('another cat', NOON, 'bob')));
    expect(await promptsFor('cat')).toEqual(['my cat', 'the cat']);
    expect(await promptsFor('cat', { ownerId: 'bob' })).toHaveLength(2);
    expect(await promptsFor('ada')).toEqual([]);
  });

  it('finds jobs of every phase, and only those of the requested phases', async () => {
    const { store } = opened;
    const jobs = Array.from({ length: 5 }, (_, i) => jobWith(`cat ${i}`, NOON + i * SECOND));
    for (const job of jobs) await store.create(record(job));
    const leases = await leaseAll(store, NOON + MINUTE);
    const [a, b, c] = jobs.map(present);
    const ends = [
      completed(present(a), NOON),
      failed(present(b), NOON, 'YES'),
      nextVersion(present(c), { phase: 'queued' }),
    ];
    for (const job of ends) {
      const { leaseId } = present(leases.find((leased) => leased.job.id === job.id));
      expect(await store.save(leaseId, { job, schedule: null })).toBe('saved');
    }
    const [done, broken, queued] = ends;
    expect(await search('cat')).toEqual([jobs[4], jobs[3], queued, broken, done]);
    expect(await search('cat', { phases: ['failed'] })).toEqual([broken]);
    expect(await search('cat', { phases: ['completed', 'queued'] })).toEqual([queued, done]);
    expect(await search('cat', { phases: ['accepted'], limit: 1 })).toEqual([jobs[4]]);
    expect(await search('cat', { phases: ['collecting'] })).toEqual([]);
    expect(await search('cat', { phases: [] })).toEqual([]);
    expect(await search('cat 1', { phases: ['completed', 'failed'] })).toEqual([broken]);
  });

  it('pages from either side as a list does', async () => {
    const { store } = opened;
    const prompts = Array.from({ length: 23 }, (_, i) => `${i % 3 === 0 ? 'cat' : 'dog'} number ${i}`);
    await finishAll(store, prompts);
    const cats = (await list(store)).filter(({ request }) => request.prompt.startsWith('cat'));
    expect(cats).toHaveLength(8);
    for (const text of ['cat', 'ca', 'number cat', 'cat num']) {
      const newest: Job[] = [];
      for (let page = await search(text, { limit: 3 }); page.length > 0;) {
        newest.push(...page);
        page = await search(text, { limit: 3, olderThan: present(page.at(-1)).id });
      }
      expect(newest).toEqual(cats);
      const oldest: Job[] = [];
      for (let page = await search(text, { limit: 3, ascending: true }); page.length > 0;) {
        oldest.push(...page);
        page = await search(text, { limit: 3, ascending: true, newerThan: present(page.at(-1)).id });
      }
      expect(oldest).toEqual(cats.toReversed());
      const between = { olderThan: present(cats[1]).id, newerThan: present(cats[6]).id };
      expect(await search(text, between)).toEqual(cats.slice(2, 6));
    }
    expect(await search('cat', { limit: 0 })).toEqual([]);
    expect(await search('cat', { olderThan: '' })).toEqual([]);
    expect(await search('cat', { olderThan: '~', limit: 1 })).toEqual([cats[0]]);
  });

  it('finds jobs of one millisecond in the order of their ids, however they ended', async () => {
    const { store } = opened;
    const jobs = Array.from({ length: 40 }, (_, i) => jobWith(`cat ${i}`, NOON));
    for (const job of jobs) await store.create(record(job));
    const leases = await leaseAll(store, NOON);
    for (const i of jobs.keys()) {
      const job = present(jobs[(i * 27) % 40]);
      const { leaseId } = present(leases.find((leased) => leased.job.id === job.id));
      await store.save(leaseId, { job: completed(job, NOON), schedule: null });
      // Each search adds the jobs that have ended to the index.
      if (i % 7 === 0) await search('cat', { phases: ['completed'] });
    }
    const found = await search('cat');
    expect(found.map(({ id }) => id)).toEqual(jobs.map(({ id }) => id).toReversed());
    const [middle] = found.slice(20, 21);
    expect(await search('cat', { olderThan: present(middle).id })).toEqual(found.slice(21));
    expect(await search('cat', { newerThan: present(middle).id })).toEqual(found.slice(0, 20));
  });

  it('finds no removed job', async () => {
    const { store } = opened;
    await finishAll(store, ['the cat', 'a cat', 'cat']);
    const [newest, middle] = await search('cat');
    await store.remove(present(middle));
    expect(await promptsFor('cat')).toEqual(['cat', 'the cat']);
    await store.remove(present(newest));
    expect(await promptsFor('cat')).toEqual(['the cat']);
  });

  it('finds no job whose record cannot be read', async () => {
    const { store } = opened;
    await finishAll(store, ['the cat', 'a cat', 'cat']);
    const [, middle] = await search('cat');
    await opened.damage(present(middle).id, 'syntax');
    expect(await promptsFor('cat', { limit: 2 })).toEqual(['cat', 'the cat']);
    expect(await promptsFor('cat')).toEqual(['cat', 'the cat']);
    expect(opened.unreadable).toEqual([middle?.id]);
  });
}

function jobWith(prompt: string, createdAt: number, ownerId = 'ada'): Job {
  return acceptedJob({ ownerId, createdAt, request: videoRequest({ prompt }) });
}

/** Creates jobs with these prompts, a second apart, and completes them. */
async function finishAll(store: JobStore, prompts: readonly string[], ownerId = 'ada'): Promise<void> {
  for (const [i, prompt] of prompts.entries()) {
    await store.create(record(jobWith(prompt, NOON + i * SECOND, ownerId)));
  }
  for (const { job, leaseId } of await leaseAll(store, NOON + MINUTE)) {
    await store.save(leaseId, { job: completed(job, NOON + MINUTE), schedule: null });
  }
}

function list(store: JobStore, change: Partial<ListQuery> = {}): Promise<Job[]> {
  const all = { ownerId: 'ada', phases: null, olderThan: null, newerThan: null };
  return store.list({ ...all, ascending: false, limit: 100, ...change });
}

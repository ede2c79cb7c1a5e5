import { expect, test } from 'vitest';
import { type Drafts, MAX_DRAFTS } from '../../../console/src/new-job/drafts/drafts.ts';
import { browserTab, fileImage } from './open-drafts.ts';

function prompts(drafts: Drafts): readonly string[] {
  return drafts.state.get().drafts.map(({ settings }) => settings.prompt);
}

test('a new browser has one draft with the defaults of the schema and a random seed', async () => {
  const drafts = await browserTab().open();
  expect(drafts.state.get().drafts).toHaveLength(1);
  expect(drafts.current).toMatchObject({
    image: null,
    settings: {
      prompt: '',
      resolution: 'R480',
      videoLength: 3,
      steps: 30,
      isSeedPinned: false,
      variations: 1,
    },
  });
  expect(drafts.current.settings.seed).toMatch(/^\d+$/);
});

test('drafts with their files, settings and selection survive a reload', async () => {
  const tab = browserTab();
  const drafts = await tab.open();
  drafts.changeSettings(drafts.current.id, { prompt: 'one', steps: 50, isSeedPinned: true, seed: '7' });
  drafts.change(drafts.current.id, { image: { type: 'url', url: 'https://example.com/a.png' } });
  const second = drafts.add(fileImage('b.png'), { prompt: 'two' });
  drafts.add(fileImage('c.png'), { prompt: 'three' });
  drafts.select(second?.id ?? '');

  const reloaded = await tab.open();
  expect(reloaded.state.get()).toEqual(drafts.state.get());
  expect(reloaded.current.id).toBe(second?.id);
  expect(reloaded.current.settings).toMatchObject({
    prompt: 'two',
    steps: 50,
    isSeedPinned: true,
    seed: '7',
  });
});

test('a change of the text does not write the file again', async () => {
  const { open, storage } = browserTab();
  const drafts = await open();
  const { id } = drafts.current;
  drafts.change(id, { image: fileImage('a.png') });
  drafts.changeSettings(id, { prompt: 'typed' });
  expect(storage.fileWrites).toEqual([id]);
  drafts.change(id, { image: null });
  expect(storage.fileWrites).toEqual([id, id]);
  expect(storage.stored.get(id)?.file).toBeUndefined();
});

test('an added draft has the settings of the current one, with a seed of its own', async () => {
  const drafts = await browserTab().open();
  const { id } = drafts.current;
  drafts.changeSettings(id, { prompt: 'waves', steps: 50 });
  const other = drafts.add(null);
  expect(other?.settings).toMatchObject({ prompt: 'waves', steps: 50 });
  expect(other?.settings.seed).not.toBe(drafts.current.settings.seed);
  drafts.changeSettings(id, { isSeedPinned: true });
  expect(drafts.add(null)?.settings.seed).toBe(drafts.current.settings.seed);
});

test('a blank draft is used before another is added', async () => {
  const drafts = await browserTab().open();
  const { id } = drafts.current;
  expect(drafts.add(fileImage('a.png'))?.id).toBe(id);
  expect(drafts.add(fileImage('b.png'))?.id).not.toBe(id);
});

test('there are at most 20 drafts, and of more stored ones the oldest are removed', async () => {
  const { open, storage } = browserTab();
  const drafts = await open();
  drafts.changeSettings(drafts.current.id, { prompt: '1' });
  for (let number = 2; number <= MAX_DRAFTS; number++) drafts.add(null, { prompt: String(number) });
  expect(drafts.add(null, { prompt: 'too many' })).toBeNull();

  const { value } = storage.stored.get('draft 1') ?? {};
  storage.stored.set('late', { value: { ...Object(value), id: 'late', createdAt: 5000 }, file: undefined });
  const reloaded = await open();
  expect(reloaded.state.get().drafts).toHaveLength(MAX_DRAFTS);
  expect(reloaded.find('draft 1')).toBeNull();
  expect(storage.stored.has('draft 1')).toBe(false);
  expect(reloaded.find('late')).not.toBeNull();
});

test('when a draft is removed its neighbour becomes current, and the last one loses its image only', async () => {
  const { open, storage } = browserTab();
  const drafts = await open();
  drafts.changeSettings(drafts.current.id, { prompt: 'one', steps: 50 });
  drafts.changeImage(drafts.current.id, fileImage('one.png'));
  const two = drafts.add(null, { prompt: 'two' });
  const three = drafts.add(null, { prompt: 'three' });
  drafts.select(two?.id ?? '');
  drafts.remove(two?.id ?? '');
  expect(prompts(drafts)).toEqual(['one', 'three']);
  expect(drafts.current.id).toBe(three?.id);
  drafts.remove(three?.id ?? '');
  expect(prompts(drafts)).toEqual(['one']);
  drafts.remove(drafts.current.id);
  expect(drafts.current).toMatchObject({ image: null, settings: { prompt: 'one', steps: 50 } });
  expect(storage.stored.size).toBe(1);
});

test('a renewed draft has the seed that its submission names, unless it is pinned', async () => {
  const drafts = await browserTab().open();
  const { id, settings } = drafts.current;
  drafts.renew(id);
  expect(drafts.current.settings.seed).toBe(settings.seed);
  const request = { request: 'waves', idempotencyKey: 'key', image: '', createdAt: 1, isRefused: false };
  const accepted = { ids: ['job'], nextSeed: '8' };
  await drafts.updateSubmission(id, () => ({ ...request, accepted, unanswered: [] }));
  drafts.renew(id);
  expect(drafts.current.settings.seed).toBe('8');
  drafts.changeSettings(id, { seed: '9', isSeedPinned: true });
  drafts.renew(id);
  expect(drafts.current.settings.seed).toBe('9');
});

test('a change of the draft keeps the submission that another tab has stored', async () => {
  const { open, storage } = browserTab();
  const one = await open();
  const { id } = one.current;
  one.changeSettings(id, { prompt: 'waves' });
  const stale = await open();
  const request = { request: 'waves', idempotencyKey: 'key', image: '', createdAt: 1, isRefused: false };
  const submission = { ...request, accepted: null, unanswered: [{ ...request, accepted: null }] };
  await one.updateSubmission(id, () => submission);
  stale.changeSettings(id, { prompt: 'waves, typed here' });
  expect(storage.submissionOf(id)).toEqual(submission);
});

test('after clear there is one draft with the defaults, and nothing is stored', async () => {
  const { open, storage } = browserTab();
  const drafts = await open();
  drafts.changeSettings(drafts.current.id, { prompt: 'secret' });
  drafts.add(fileImage('secret.png'));
  await drafts.clear();
  expect(storage.stored.size).toBe(0);
  expect(prompts(drafts)).toEqual(['']);
  expect(drafts.current.image).toBeNull();
});

test('stored values that no draft can have become defaults, and other values are ignored', async () => {
  const { open, storage } = browserTab();
  const settings = { prompt: 7, resolution: 'R9000', videoLength: 'x', variations: 99, seed: null };
  const value = { id: 'old', createdAt: 1, image: { type: 'file' }, settings, submission: { key: 1 } };
  storage.stored.set('old', { value, file: 'no file' });
  for (const [id, other] of [null, 'text', {}, { id: 1 }].entries())
    storage.stored.set(String(id), { value: other, file: undefined });
  const drafts = await open();
  expect(drafts.state.get().drafts).toHaveLength(1);
  expect(drafts.current).toMatchObject({
    id: 'old',
    image: null,
    settings: { prompt: '', resolution: 'R480', videoLength: 3, variations: 4 },
    submission: null,
  });
});

import { type GenerateInput, ReelgateError, type VideoJob } from '@reelgate/client';
import { expect, test } from 'vitest';
import { Submissions } from '../../../console/src/new-job/submission/submissions.ts';
import { consoleJob } from '../console-job.ts';
import { browserTab } from './open-drafts.ts';

const REMOVED_KEY = {
  path: ['idempotencyKey'],
  message: 'belongs to a job that was deleted. Use another key.',
};
const REMOVED_TEXT =
  'The video of this request was deleted. Change the prompt or the seed to make another one.';
const LATE = { path: ['startBefore'], message: 'must be in the future' };
const STEPS = { path: ['steps'], message: 'must be at most 70' };

function refusal(...issues: { path: string[]; message: string }[]): ReelgateError {
  return new ReelgateError('INVALID_INPUT', 'The input is invalid.', { issues });
}

/** Sends a draft. @param submit the gateway */
async function send(variations: number, submit: (input: GenerateInput) => Promise<VideoJob>) {
  const drafts = await browserTab().open();
  const image = { type: 'url', url: 'https://example.com/cat.png' } as const;
  const id = drafts.add(image, { prompt: 'a cat', seed: '5', variations })?.id ?? '';
  const submissions = new Submissions({
    client: { submit, upload: () => Promise.reject(new Error('There is no file.')) },
    drafts,
    onAccepted: () => {},
    imageLoads: async () => true,
    newKey: () => 'key',
    now: () => 1000,
    setTimeout: () => {},
  });
  return submissions.send(id);
}

test.each([
  [[REMOVED_KEY], { type: 'refused', message: REMOVED_TEXT }],
  [[LATE], { type: 'refused', message: 'startBefore must be in the future.' }],
  [[STEPS], { type: 'invalid', message: 'Correct the marked fields.' }],
  [
    [STEPS, LATE],
    { type: 'invalid', message: 'Correct the marked fields. startBefore must be in the future.' },
  ],
])('the note has the text of each issue that no field shows: %j', async (issues, state) => {
  const shown = await send(1, () => Promise.reject(refusal(...issues)));
  expect(shown).toMatchObject(state);
  const marked = issues
    .filter(({ path }) => path[0] === 'steps')
    .map(() => ['steps', 'It must be at most 70.']);
  expect(shown !== null && 'issues' in shown ? [...shown.issues] : []).toEqual(marked);
});

test('when some variations are accepted, the note has the text of every issue of the others', async () => {
  const shown = await send(2, async ({ seed }) => {
    if (seed === 6) throw refusal(STEPS, REMOVED_KEY);
    return consoleJob({ id: 'one' });
  });
  expect(shown).toEqual({
    type: 'refused',
    ids: ['one'],
    message: `1 of 2 videos were sent. steps must be at most 70. ${REMOVED_TEXT}`,
  });
});

import { expect, test } from 'vitest';
import { Submissions } from '../../../console/src/new-job/submission/submissions.ts';
import { consoleJob } from '../console-job.ts';
import { browserTab, fileImage } from './open-drafts.ts';

/** Three drafts with files, and a scripted client whose first upload is held. */
async function threeDrafts() {
  const drafts = await browserTab().open();
  const ids = ['one', 'two', 'three'].map(
    (prompt) => drafts.add(fileImage(`${prompt}.png`), { prompt })?.id ?? '',
  );
  const submitted: string[] = [];
  const timers: (() => void)[] = [];
  const { promise: firstUpload, resolve } = Promise.withResolvers<void>();
  let keys = 0;
  const submissions = new Submissions({
    client: {
      upload: async (file) => {
        const { name } = file instanceof File ? file : { name: '' };
        if (name === 'one.png') await firstUpload;
        return { url: `https://example.com/${name}`, contentType: 'image/png', byteLength: 1 };
      },
      submit: async ({ prompt }) => {
        submitted.push(prompt);
        return consoleJob({ id: `job ${submitted.length}` });
      },
    },
    drafts,
    onAccepted: () => {},
    imageLoads: async () => true,
    newKey: () => `key ${++keys}`,
    now: () => 1000,
    setTimeout: (run) => timers.push(run),
  });
  /** The time for double clicks is over. */
  const later = (): void => {
    for (const run of timers.splice(0)) run();
  };
  return { drafts, ids, submissions, submitted, finishFirstUpload: resolve, later };
}

test('a second click on "Generate all" sends no draft twice, however slow the first upload is', async () => {
  const { submissions, submitted, finishFirstUpload, later } = await threeDrafts();
  const first = submissions.sendAll();
  expect(await submissions.sendAll()).toBeNull();
  later();
  finishFirstUpload();
  expect([...((await first) ?? [])]).toHaveLength(3);
  expect(submitted).toEqual(['one', 'two', 'three']);
});

test('a draft that the user sends while all are being sent is sent once', async () => {
  const { ids, submissions, submitted, finishFirstUpload, later } = await threeDrafts();
  const all = submissions.sendAll();
  await submissions.send(ids[1] ?? '');
  later();
  finishFirstUpload();
  await all;
  expect(submitted.toSorted()).toEqual(['one', 'three', 'two']);
});

test('a draft whose image is changed while it is sent does not count as sent', async () => {
  const { drafts, ids, submissions, finishFirstUpload } = await threeDrafts();
  const [id = ''] = ids;
  const sending = submissions.send(id);
  drafts.changeImage(id, fileImage('other.png'));
  finishFirstUpload();
  await sending;
  expect(drafts.find(id)?.isSent).toBe(false);
});

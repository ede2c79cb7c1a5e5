import { expect, test } from 'vitest';
import { generate, post, spawnGateway, watchToEnd } from '../support/gateway/spawned-gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { startCountingUpstream } from './counting-upstream.ts';

const KEY = 'k/ey+of=the-upstream';
const FORMS = [KEY, encodeURIComponent(KEY), KEY.replaceAll('/', String.raw`\/`)];

test('the upstream gets the page’s payload and the key; nobody else ever sees the key', async () => {
  await using upstream = await startCountingUpstream();
  upstream.refuse = (prompt) =>
    prompt === 'echo'
      ? { status: 400, body: JSON.stringify({ error: `Keys ${FORMS.join(' ')} may not do this` }) }
      : null;
  using folder = tempFolder();
  await using gateway = await spawnGateway({
    DATA_DIR: folder.path,
    SEGMIND_API_KEY: KEY,
    SEGMIND_BASE_URL: upstream.url,
    LOG_LEVEL: 'trace',
  });
  const image = 'https://example.com/a%20b.png?sig=x%2By+z&e=1';
  const good = await generate(gateway.url, { image, prompt: '  a cat  ', resolution: 'R576', seed: 7 });
  const bad = await generate(gateway.url, { prompt: 'echo' });
  const ends = await Promise.all([good, bad].map(({ id }) => watchToEnd(gateway.url, id)));
  expect(ends.map((history) => history.at(-1)?.status)).toEqual(['COMPLETED', 'FAILED']);
  expect(ends[1]?.at(-1)?.failure).toMatchObject({
    code: 'REJECTED',
    charged: 'NO',
    message: 'Keys [redacted] [redacted] [redacted] may not do this',
  });
  expect(upstream.payloads[0]).toEqual({
    key: KEY,
    body: {
      image,
      prompt: 'a cat',
      negative_prompt:
        'blurry, bad quality, camera shake, distortion, poor composition, low resolution, artifact, watermark',
      resolution: 576,
      video_length: 3,
      steps: 30,
      seed: 7,
      base64: false,
    },
  });
  const everything =
    JSON.stringify([ends, await post(gateway.url, '{ __typename nonsense }')]) + gateway.output();
  for (const form of FORMS) expect(everything).not.toContain(form);
  expect(everything).toContain('[redacted]');
});

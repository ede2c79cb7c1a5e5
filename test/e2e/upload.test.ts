import { expect, test } from 'vitest';
import { startSandbox } from '@reelgate/sandbox';
import { picture } from '../sandbox/support.ts';
import { answerOf } from '../support/gateway/http.ts';
import { postUpload } from '../support/gateway/upload.ts';
import { json } from '../support/upstream/replies.ts';
import { ScriptedUpstream } from '../support/upstream/scripted-upstream.ts';
import {
  generate,
  type SpawnedGateway,
  spawnGateway,
  watchToEnd,
} from '../support/gateway/spawned-gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';

const KEY = 'SG_0123456789abcdef_upstream';

test('a local image becomes a URL, and that a video of this image', async () => {
  using folder = tempFolder();
  await using gateway = await spawnGateway({
    DATA_DIR: folder.path,
    SANDBOX_SPEED: '50',
    LOG_LEVEL: 'debug',
  });
  const { url, ...rest } = await uploadTo(gateway);
  expect(rest).toEqual({ contentType: 'image/png', byteLength: (await picture()).length });
  const job = await generate(gateway.url, {
    prompt: 'a cat',
    image: url,
    resolution: 'R360',
    videoLength: 1,
  });
  const history = await watchToEnd(gateway.url, job.id);
  expect(history.at(-1)).toMatchObject({ status: 'COMPLETED', failure: null });
  // The sandbox draws an image where it cannot have the one it was given.
  expect(gateway.output()).toContain('job accepted');
  expect(gateway.output()).not.toContain('drawing one');
});

test('the upstream of SEGMIND_BASE_URL takes uploads itself', async () => {
  using folder = tempFolder();
  using ownFolder = tempFolder();
  await using sandbox = await startSandbox({ folder: ownFolder.path });
  await using gateway = await spawnGateway({
    DATA_DIR: folder.path,
    SEGMIND_API_KEY: KEY,
    SEGMIND_BASE_URL: sandbox.url,
  });
  const { url } = await uploadTo(gateway);
  const [, name = ''] = url.split('/sandbox/uploads/');
  expect((await fetch(`${sandbox.url}/uploads/${name}`)).status).toBe(200);
});

test('an upstream that refuses and echoes the key: the client hears that it failed, the log why, nobody the key', async () => {
  using folder = tempFolder();
  await using upstream = await ScriptedUpstream.start();
  upstream.on('POST', '/upload-asset', json(403, { error: `no uploads for ${KEY}` }));
  await using gateway = await spawnGateway({
    DATA_DIR: folder.path,
    SEGMIND_API_KEY: KEY,
    SEGMIND_BASE_URL: upstream.origin,
    LOG_LEVEL: 'trace',
  });
  const { text } = await postUpload(gateway.url, new Uint8Array(await picture()));
  expect(answerOf(text).errors?.map(({ extensions }) => extensions)).toEqual([{ code: 'UPLOAD_FAILED' }]);
  expect(upstream.requests[0]?.headers['x-api-key']).toBe(KEY);
  await expect.poll(() => gateway.output()).toContain('no uploads for [redacted]');
  expect(gateway.output() + text).not.toContain(KEY);
});

async function uploadTo(gateway: SpawnedGateway) {
  const { text } = await postUpload(gateway.url, new Uint8Array(await picture()));
  const { data, errors } = answerOf<{
    uploadImage: { url: string; contentType: string; byteLength: number };
  }>(text);
  if (data == null) throw new Error(JSON.stringify(errors));
  return data.uploadImage;
}

import { expect, test } from 'vitest';
import { type SpawnedGateway, spawnGateway } from '../../support/gateway/spawned-gateway.ts';
import { MIB, PNG, pngOf, postUpload, refusalOf } from '../../support/gateway/upload.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { after, json } from '../../support/upstream/replies.ts';
import { ScriptedUpstream } from '../../support/upstream/scripted-upstream.ts';

test('an upload of 10 MiB holds at most 15 MiB until the upstream has answered', async () => {
  using folder = tempFolder();
  await using upstream = await ScriptedUpstream.start();
  const answered = Promise.withResolvers<void>();
  const uploaded = json(200, { file_urls: ['https://files.example.com/a.png'] });
  upstream.on('POST', '/upload-asset', uploaded, after(answered.promise, uploaded));
  await using gateway = await spawnGateway({
    DATA_DIR: folder.path,
    SEGMIND_API_KEY: 'SG_0123456789abcdef',
    SEGMIND_BASE_URL: upstream.origin,
    NODE_OPTIONS: `--import ${new URL('../../support/process/memory-probe.ts', import.meta.url).href}`,
  });
  expect(refusalOf(await postUpload(gateway.url, PNG))).toEqual([200, undefined]);
  const idle = await heldBytes(gateway);
  const uploading = postUpload(gateway.url, pngOf(10 * MIB));
  const uploads = () => upstream.requests.filter(({ path }) => path === '/upload-asset');
  await expect.poll(() => uploads().length).toBe(2);
  const held = (await heldBytes(gateway)) - idle;
  expect(held).toBeGreaterThan(9 * MIB);
  expect(held).toBeLessThan(15 * MIB);
  answered.resolve();
  expect(refusalOf(await uploading)).toEqual([200, undefined]);
  await expect.poll(async () => (await heldBytes(gateway)) - idle).toBeLessThan(3 * MIB);
});

/** Bytes in the gateway's buffers. */
async function heldBytes(gateway: SpawnedGateway): Promise<number> {
  const reports = () => gateway.output().match(/(?<=held )\d+(?= bytes)/g) ?? [];
  const { length } = reports();
  gateway.kill('SIGUSR2');
  await expect.poll(() => reports().length).toBe(length + 1);
  return Number(reports().at(-1));
}

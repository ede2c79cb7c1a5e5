import { expect, test } from 'vitest';
import { generate, spawnGateway, watchToEnd } from '../support/gateway/spawned-gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';

test('without a key: from the mutation to a video that a browser can play and seek', async () => {
  using folder = tempFolder();
  await using gateway = await spawnGateway({ DATA_DIR: folder.path, SANDBOX_SPEED: '10' });
  const job = await generate(gateway.url, { prompt: 'a cat', resolution: 'R360', videoLength: 1 });
  const history = await watchToEnd(gateway.url, job.id);
  const versions = history.map(({ version }) => version);
  expect(versions).toEqual(versions.toSorted((a, b) => a - b));
  const last = history.at(-1);
  expect(last).toMatchObject({ status: 'COMPLETED', isTerminal: true, failure: null });

  const url = last?.video?.url ?? '';
  const whole = await fetch(url);
  const bytes = Buffer.from(await whole.arrayBuffer());
  expect(whole.headers.get('content-type')).toBe('video/mp4');
  expect(bytes.length).toBe(last?.video?.byteLength);
  expect(bytes.subarray(4, 8).toString()).toBe('ftyp');
  const part = await fetch(url, { headers: { range: 'bytes=4-7' } });
  expect(part.status).toBe(206);
  expect(await part.text()).toBe('ftyp');
});

test('kill -9 in the middle: the sandbox, like the real upstream, carries on and so does the job', async () => {
  using folder = tempFolder();
  const settings = { DATA_DIR: folder.path, SANDBOX_SPEED: '3' };
  let id: string;
  {
    await using gateway = await spawnGateway(settings);
    id = (await generate(gateway.url, { prompt: 'a cat', resolution: 'R360', videoLength: 1 })).id;
    await expect.poll(() => gateway.output()).toContain('job queued');
    gateway.kill('SIGKILL');
    await gateway.exited;
  }
  await using gateway = await spawnGateway(settings);
  const history = await watchToEnd(gateway.url, id);
  expect(history.at(-1)).toMatchObject({ status: 'COMPLETED' });
});

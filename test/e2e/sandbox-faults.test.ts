import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { spawnGateway } from '../support/gateway/spawned-gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';

test('the log says why the embedded sandbox could not make a video', async () => {
  using folder = tempFolder();
  await using gateway = await spawnGateway({
    DATA_DIR: folder.path,
    SANDBOX_SPEED: '100',
    LOG_LEVEL: 'info',
  });
  rmSync(join(folder.path, 'sandbox', 'videos'), { recursive: true });
  const input = '{ image: "https://example.com/cat.png", prompt: "a cat" }';
  await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: `mutation { generateVideo(input: ${input}) { __typename } }` }),
  });
  await expect.poll(() => gateway.output(), { timeout: 30_000 }).toContain('"msg":"video not made"');
  expect(gateway.output()).toContain('"reason":"Error: ENOENT');
});

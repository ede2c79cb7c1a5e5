import { chmod, chown, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { startSandbox } from '@reelgate/sandbox';
import { expect, it } from 'vitest';
import { accepted, ended, sandbox, temporaryFolder } from './support.ts';

it('only the owner can read the files of a sandbox, even in a folder that others could read', async () => {
  const folder = join(await temporaryFolder(), 'sandbox');
  await mkdir(folder);
  await chmod(folder, 0o755);
  const { url } = await sandbox({ folder, speed: 100 });
  await ended(url, await accepted(url));
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((name) => name.isFile());
  expect(files.length).toBeGreaterThanOrEqual(3);
  for (const { parentPath, name } of files) {
    expect((await stat(join(parentPath, name))).mode & 0o777).toBe(0o600);
  }
});

it.runIf(process.getuid?.() === 0)('a folder that belongs to another user is rejected', async () => {
  const folder = await temporaryFolder();
  await chown(folder, 65_534, 65_534);
  await expect(startSandbox({ folder })).rejects.toThrow(`The folder ${folder} belongs to user 65534`);
});

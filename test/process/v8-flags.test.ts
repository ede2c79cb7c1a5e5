import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { V8_FLAGS } from '../../src/process/v8-flags.ts';

// A running process silently ignores flags that its version of V8 does not have.
it.each(V8_FLAGS)('%s is a flag that this Node knows', async (flag) => {
  const program = 'process.stdout.write("ran")';
  await expect(promisify(execFile)(process.execPath, [flag, '--eval', program])).resolves.toMatchObject({
    stdout: 'ran',
  });
});

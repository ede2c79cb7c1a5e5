import { once } from 'node:events';
import { startSandbox } from '@reelgate/sandbox';

/** Run as a process of its own: `<folder> <speed> stay|leave`. With `leave` it is disposed at the first byte of input. */
const [folder = '', speed = '1', mode = 'stay'] = process.argv.slice(2);
const running = await startSandbox({ folder, speed: Number(speed) });
process.stdout.write(`${running.url}\n`);
if (mode === 'leave') {
  await once(process.stdin, 'data');
  process.stdin.destroy();
  // No process.exit(): what dispose leaves open would keep the process alive, and the test would see it.
  await running[Symbol.asyncDispose]();
}

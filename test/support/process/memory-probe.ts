/** Preloaded into a process (`--import`): on SIGUSR2 it collects garbage and prints the bytes that buffers hold. */
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

process.on('SIGUSR2', () => {
  // The second collection finishes what the first one left to other threads.
  if (typeof collect === 'function') collect();
  setTimeout(() => {
    if (typeof collect === 'function') collect();
    process.stdout.write(`held ${process.memoryUsage().external} bytes\n`);
  }, 50);
});

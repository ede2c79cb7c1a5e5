/** Loaded into a process by `--import`: at SIGUSR2 it prints what buffers hold after a garbage collection, in bytes. */
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

process.on('SIGUSR2', () => {
  // The second one ends what the first one leaves to other threads.
  if (typeof collect === 'function') collect();
  setTimeout(() => {
    if (typeof collect === 'function') collect();
    process.stdout.write(`held ${process.memoryUsage().external} bytes\n`);
  }, 50);
});
